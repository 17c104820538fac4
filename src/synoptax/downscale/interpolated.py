"""What the interpolation baselines share: one registered regridding per target channel, and nothing to learn."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid
from ..fields.regrid import AbstractRegrid, LinearMap
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task


class Interpolated(AbstractDeterministic):
    """The coarse counterpart of each target channel, moved to the fine place by a registered linear map.

    **Arguments:**
    - `layout`: of the task.
    - `maps`: one per target channel.
    """

    layout: Layout
    maps: tuple[LinearMap, ...]

    @classmethod
    def of(cls, layout: Layout, rule: AbstractRegrid, *, who: str) -> "Interpolated":
        """Maps from each counterpart's grid.

        **Raises:** `InputError` when a target variable is not among the predictors.
        """
        maps = []
        for name, counterpart in zip(layout.channels, layout.counterparts, strict=True):
            source = None if counterpart is None else layout.sources[counterpart[0]].place
            if not isinstance(source, Grid):
                raise InputError(
                    f"{who} needs '{name}' itself on a coarse grid among the predictors and it is not there; "
                    "add it with --coarse, or choose a regression such as Ridge."
                )
            maps.append(rule.between(source, layout.place))
        return cls(layout, tuple(maps))

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The interpolated counterpart, physical units."""
        fine = [m(coarse(self.layout, predictors, i)) for i, m in enumerate(self.maps)]
        return jnp.stack(fine, axis=1)


class AbstractInterpolation(AbstractMethod):
    """A baseline that is a regridding rule and nothing else."""

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "constant_is_kept", "linear"})
    rule: eqx.AbstractClassVar[AbstractRegrid]

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Only works out the weights; nothing is learned."""
        del key, monitor
        return Interpolated.of(task.layout, self.rule, who=type(self).__name__)


def coarse(layout: Layout, predictors: Predictors, channel: int) -> Float[Array, "time *coarse"]:
    """The coarse counterpart of target channel number `channel`."""
    counterpart = layout.counterparts[channel]
    if counterpart is None:
        raise InputError(
            f"The predictors do not hold '{layout.channels[channel]}' on a coarse grid; add it with --coarse."
        )
    return predictors.fields[counterpart[0]][:, counterpart[1]]
