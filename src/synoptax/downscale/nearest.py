"""Nearest interpolation of the coarse field, registered by coordinates."""

from typing import ClassVar

from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..fields import regrid
from ..records import Task
from .base import AbstractDownscaler, AbstractMethod
from .interpolated import Interpolated


class Nearest(AbstractMethod):
    """The coarse field itself on the fine grid: the value of the coarse cell that holds the fine cell.

    Use it as the reference that every table starts with. Needs no training. Costs microseconds a field.

    **Good values:** it has no settings.

    **Fails when:** it is blocky: the error of every sharper method is measured against it.

    Reference: Any textbook of numerical analysis.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "constant_is_kept", "linear"})
    cite: ClassVar[str] = "Any textbook of numerical analysis."

    @classmethod
    def example(cls) -> "Nearest":
        return cls()

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Only works out the weights; nothing is learned."""
        del key, monitor
        return Interpolated.of(task.layout, regrid.Nearest(clamp=True), who="Nearest")
