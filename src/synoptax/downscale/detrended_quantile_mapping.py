"""Quantile mapping of anomalies from the cycle of the year and of the day."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..fields import HarmonicClimatology, regrid
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task, joined
from .interpolated import Interpolated
from .quantile import QuantileMap


class _DetrendedModel(AbstractDeterministic):
    layout: Layout
    interpolation: Interpolated
    coarse: HarmonicClimatology
    fine: HarmonicClimatology
    map: QuantileMap

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        value = self.interpolation.predict(predictors)
        anomaly = value - self.coarse(predictors.phases)
        # the change of the mean over the period of use is kept as it is
        shift = jnp.mean(anomaly, axis=0, keepdims=True)
        return self.map(anomaly - shift) + shift + self.fine(predictors.phases)


class DetrendedQuantileMapping(AbstractMethod):
    """Quantile mapping that keeps the mean change of the coarse field instead of mapping it away.

    a = I[x] − c_coarse(t); ŷ = F_fine⁻¹(F_coarse(a − ā)) + ā + c_fine(t), where ā is the mean of a over the period that
    is being downscaled and c are harmonic climatologies.

    Use it for temperature in a changing climate, on long periods at once. Not for a handful of days: ā would then be
    their weather, and the method falls back to shifting it. Additive, so not for precipitation. Costs a sort a place.

    **Arguments:**
    - `quantiles`: number of classes.
    - `rule`: how the coarse field is interpolated.

    **Good values:** 50 to 100 quantiles, applied to whole seasons or more.

    **Fails when:** variance changes with the climate, or the period of use is short.

    Reference: Cannon, Sobie and Murdock (2015), section 2b, doi:10.1175/JCLI-D-14-00754.1.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "keeps_shift", "uses_validation"}
    )
    cite: ClassVar[str] = "Cannon, Sobie and Murdock (2015), doi:10.1175/JCLI-D-14-00754.1"

    quantiles: int = eqx.field(static=True, default=100)
    rule: regrid.AbstractRegrid = regrid.Bilinear(clamp=True)

    @classmethod
    def example(cls) -> "DetrendedQuantileMapping":
        return cls(quantiles=20)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Climatologies and quantiles of training and validation data together: nothing is tuned."""
        del key, monitor
        samples = joined(task.train, task.valid)
        interpolation = Interpolated.of(task.layout, self.rule, who="DetrendedQuantileMapping")
        value, phases = interpolation.predict(samples.predictors), samples.predictors.phases
        coarse, fine = HarmonicClimatology.of(value, phases), HarmonicClimatology.of(samples.truth, phases)
        mapping = QuantileMap.of(value - coarse(phases), samples.truth - fine(phases), count=self.quantiles)
        return _DetrendedModel(task.layout, interpolation, coarse, fine, mapping)
