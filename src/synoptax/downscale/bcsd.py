"""Bias correction and spatial disaggregation."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, HarmonicClimatology, regrid
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task, joined
from .interpolated import coarse
from .quantile import QuantileMap


class _BCSDModel(AbstractDeterministic):
    layout: Layout
    maps: tuple[QuantileMap, ...]
    up: tuple[regrid.LinearMap, ...]
    smooth: tuple[HarmonicClimatology, ...]
    fine: HarmonicClimatology
    ratio: bool = eqx.field(static=True)

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        detail = self.fine(predictors.phases)
        parts = []
        for i in range(len(self.layout.channels)):
            corrected = self.maps[i](coarse(self.layout, predictors, i)[:, None])[:, 0]
            mean = self.smooth[i](predictors.phases)
            if self.ratio:
                mean, local = jnp.maximum(mean, 1e-6), jnp.maximum(detail[:, i], 0.0)
                parts.append(self.up[i](corrected / mean) * local)
            else:
                parts.append(self.up[i](corrected - mean) + detail[:, i])
        return jnp.stack(parts, axis=1)


class BCSD(AbstractMethod):
    """Corrects the coarse distribution first, then adds the fine climatology's detail.

    x' = F_obs⁻¹(F_coarse(x)) on the coarse grid, where obs is the area mean of the fine data; then
    ŷ = c_fine(t) + I[x' − c_obs(t)], or c_fine(t) I[x'/c_obs(t)] with `ratio` (precipitation).

    Use it when the coarse model is biased. Not where coarse and fine agree already: it is then ClimatologyDelta.
    Needs a fine grid that covers coarse cells. Costs a sort a coarse cell.

    **Arguments:**
    - `quantiles`: number of classes.
    - `ratio`: multiply instead of add; for precipitation.
    - `rule`: how the corrected anomaly is interpolated.

    **Good values:** 50 to 100 quantiles.

    **Fails when:** local extremes are smoother in the coarse anomaly than in reality: variance comes out too low.

    Reference: Wood et al. (2002), doi:10.1029/2001JD000659; Thrasher et al. (2012), doi:10.5194/hess-16-3309-2012.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "uses_validation"})
    cite: ClassVar[str] = "Wood et al. (2002), doi:10.1029/2001JD000659"

    quantiles: int = eqx.field(static=True, default=100)
    ratio: bool = eqx.field(static=True, default=False)
    rule: regrid.AbstractRegrid = regrid.Bilinear(clamp=True)

    @classmethod
    def example(cls) -> "BCSD":
        return cls(quantiles=20)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Quantiles and climatologies of training and validation data together: nothing is tuned."""
        del key, monitor
        layout, samples = task.layout, joined(task.train, task.valid)
        phases = samples.predictors.phases
        maps, up, smooth = [], [], []
        for i in range(len(layout.channels)):
            value = coarse(layout, samples.predictors, i)
            counterpart = layout.counterparts[i]
            grid = None if counterpart is None else layout.sources[counterpart[0]].place
            if not isinstance(grid, Grid) or not isinstance(layout.place, Grid):
                raise InputError("BCSD needs fine and coarse fields on grids; for stations use QuantileMapping.")
            observed = regrid.Conservative().between(layout.place, grid)(samples.truth[:, i])
            observed = jnp.where(jnp.isfinite(observed), observed, value)  # no fine data there: left uncorrected
            maps.append(QuantileMap.of(value[:, None], observed[:, None], count=self.quantiles))
            up.append(self.rule.between(grid, layout.place))
            smooth.append(HarmonicClimatology.of(observed, phases))
        fine = HarmonicClimatology.of(samples.truth, phases)
        return _BCSDModel(layout, tuple(maps), tuple(up), tuple(smooth), fine, self.ratio)
