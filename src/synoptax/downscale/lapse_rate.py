"""Interpolated temperature corrected for the height that the coarse orography misses."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, Points, regrid
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task
from .interpolated import Interpolated


class _LapseRateModel(AbstractDeterministic):
    layout: Layout
    interpolation: Interpolated
    missed: Float[Array, "channel *fine"]
    rate: Float[Array, " channel"]

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        shape = (-1, *[1] * (self.missed.ndim - 1))
        return self.interpolation.predict(predictors) - (self.rate.reshape(shape) * self.missed)[None]


class LapseRate(AbstractMethod):
    """Interpolation plus a temperature drop with the height above the smooth orography.

    ŷ = I[x] − Γ (h − I[h̄]), h the fine orography, h̄ its area mean on the coarse grid.

    Use it for 2 m temperature over mountains when there is orography but little training data. Needs the static field
    `orography` in metres (or the elevation of stations), and a coarse grid of which it can take the area mean.
    Costs an interpolation.

    **Arguments:**
    - `rate`: Γ in K/m; None estimates it by least squares from the training data.
    - `rule`: how the coarse field is interpolated.

    **Good values:** the standard atmosphere's 0.0065 K/m.

    **Fails when:** valleys fill with cold air (inversions change the sign of Γ), in winter above all.

    Reference: ICAO standard atmosphere (ISO 2533:1975); Maraun and Widmann (2018), doi:10.1017/9781107588783.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "linear"})
    cite: ClassVar[str] = "Maraun and Widmann (2018), doi:10.1017/9781107588783"

    rate: float | None = eqx.field(static=True, default=0.0065)
    rule: regrid.AbstractRegrid = regrid.Bilinear(clamp=True)

    @classmethod
    def example(cls) -> "LapseRate":
        return cls()

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Works out the missed height; estimates the rate per channel when none is given."""
        del key, monitor
        layout = task.layout
        interpolation = Interpolated.of(layout, self.rule, who="LapseRate")
        height = _height(task)
        missed = []
        for index in range(len(layout.channels)):
            counterpart = layout.counterparts[index]
            assert counterpart is not None  # Interpolated.of refused the others
            coarse_grid = layout.sources[counterpart[0]].place
            missed.append(height - self._smooth(height, layout, coarse_grid))
        rise = jnp.stack(missed)
        if self.rate is not None:
            return _LapseRateModel(layout, interpolation, rise, jnp.full(len(layout.channels), self.rate))
        error = interpolation.predict(task.train.predictors) - task.train.truth
        axes = tuple(range(1, rise.ndim))
        mean = jnp.nanmean(error, axis=0)
        slope = jnp.nansum(mean * rise, axis=axes) / jnp.maximum(
            jnp.sum(jnp.isfinite(mean) * rise**2, axis=axes), 1e-12
        )
        return _LapseRateModel(layout, interpolation, rise, slope)

    def _smooth(self, height: Array, layout: Layout, coarse_grid) -> Array:
        if not (isinstance(layout.place, Grid) and isinstance(coarse_grid, Grid)):
            raise InputError(
                "LapseRate needs a fine grid to take the coarse orography from; stations alone do not give it."
            )
        down = regrid.Conservative().between(layout.place, coarse_grid)
        return self.rule.between(coarse_grid, layout.place)(down(height))


def _height(task: Task) -> Float[Array, "*fine"]:
    layout = task.layout
    if isinstance(layout.place, Points) and layout.place.elevation is not None:
        return jnp.asarray(np.asarray(layout.place.elevation))
    if "orography" not in layout.static_names:
        raise InputError(
            "LapseRate needs the static field 'orography' in metres on the fine grid; given static fields "
            f"{list(layout.static_names)}: pass --static FILE with it."
        )
    return task.train.predictors.static[layout.static_names.index("orography")]
