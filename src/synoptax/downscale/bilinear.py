"""Bilinear interpolation of the coarse field, registered by coordinates."""

from typing import ClassVar

from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..fields import regrid
from ..records import Task
from .base import AbstractDownscaler, AbstractMethod
from .interpolated import Interpolated


class Bilinear(AbstractMethod):
    """The coarse field itself on the fine grid: linear in latitude and in longitude between coarse cell centres.

    Use it as the reference that every table starts with. Needs no training. Costs microseconds a field.

    **Good values:** it has no settings.

    **Fails when:** area means are treated as point values, so peaks are flattened.

    Reference: Any textbook of numerical analysis.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "constant_is_kept", "linear"})
    cite: ClassVar[str] = "Any textbook of numerical analysis."

    @classmethod
    def example(cls) -> "Bilinear":
        return cls()

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Only works out the weights; nothing is learned."""
        del key, monitor
        return Interpolated.of(task.layout, regrid.Bilinear(clamp=True), who="Bilinear")
