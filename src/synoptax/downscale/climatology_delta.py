"""Fine climatology plus the interpolated anomaly of the coarse field."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..fields import HarmonicClimatology, regrid
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task, joined
from .interpolated import Interpolated


class _DeltaModel(AbstractDeterministic):
    layout: Layout
    interpolation: Interpolated
    difference: HarmonicClimatology

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return self.interpolation.predict(predictors) + self.difference(predictors.phases)


class ClimatologyDelta(AbstractMethod):
    """The change-factor method: the coarse anomaly, interpolated, on top of the fine climatology.

    ŷ(t) = clim_fine(t) + I[x(t) − clim_coarse(t)], with harmonics of the year and of the day.

    Use it as the second reference: it corrects everything that is constant (orography, coasts) and nothing that
    depends on the flow. Not for precipitation, where it can go below zero. Costs a least-squares fit.

    **Arguments:**
    - `rule`: how the anomaly is interpolated.
    - `yearly`, `daily`: numbers of harmonics; cut to what the training period covers.

    **Good values:** bilinear, two harmonics.

    **Fails when:** training and use differ in climate, or the fine-scale correction depends on the weather.

    Reference: Maraun and Widmann (2018), chapter 11, doi:10.1017/9781107588783.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "linear", "uses_validation"}
    )
    cite: ClassVar[str] = "Maraun and Widmann (2018), doi:10.1017/9781107588783"

    rule: regrid.AbstractRegrid = regrid.Bilinear(clamp=True)
    yearly: int = eqx.field(static=True, default=2)
    daily: int = eqx.field(static=True, default=2)

    @classmethod
    def example(cls) -> "ClimatologyDelta":
        return cls()

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """The climatology of truth minus interpolation, over training and validation data: interpolation is linear."""
        del key, monitor
        samples = joined(task.train, task.valid)
        interpolation = Interpolated.of(task.layout, self.rule, who="ClimatologyDelta")
        difference = samples.truth - interpolation.predict(samples.predictors)
        cycle = HarmonicClimatology.of(difference, samples.predictors.phases, yearly=self.yearly, daily=self.daily)
        return _DeltaModel(task.layout, interpolation, cycle)
