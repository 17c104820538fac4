"""Empirical quantile mapping of the interpolated coarse field."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..fields import regrid
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task, joined
from .interpolated import Interpolated
from .quantile import QuantileMap


class _QuantileMappingModel(AbstractDeterministic):
    layout: Layout
    interpolation: Interpolated
    map: QuantileMap

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return self.map(self.interpolation.predict(predictors))


class QuantileMapping(AbstractMethod):
    """Gives the interpolated coarse field the distribution of the fine one, place by place.

    ŷ = F_fine⁻¹(F_coarse(I[x])), empirical distribution functions of the training period.

    Use it where the distribution matters more than the day (impact models), for precipitation first of all. Not for
    day-to-day accuracy: it inflates variance instead of predicting it. Cost: one sort a place.

    **Arguments:**
    - `quantiles`: number of classes.
    - `rule`: how the coarse field is interpolated.

    **Good values:** 50 to 100 quantiles for some years of days.

    **Fails when:** the climate changes (it is not trend preserving: see `DetrendedQuantileMapping`), or extremes lie
    beyond the record, where it only shifts by a constant.

    Reference: Panofsky and Brier (1968); Cannon, Sobie and Murdock (2015), doi:10.1175/JCLI-D-14-00754.1.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "quantiles_match", "uses_validation"}
    )
    cite: ClassVar[str] = "Cannon, Sobie and Murdock (2015), doi:10.1175/JCLI-D-14-00754.1"

    quantiles: int = eqx.field(static=True, default=100)
    rule: regrid.AbstractRegrid = regrid.Bilinear(clamp=True)

    @classmethod
    def example(cls) -> "QuantileMapping":
        return cls(quantiles=20)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Quantiles of training and validation data together: nothing is tuned."""
        del key, monitor
        samples = joined(task.train, task.valid)
        interpolation = Interpolated.of(task.layout, self.rule, who="QuantileMapping")
        mapping = QuantileMap.of(interpolation.predict(samples.predictors), samples.truth, count=self.quantiles)
        return _QuantileMappingModel(task.layout, interpolation, mapping)
