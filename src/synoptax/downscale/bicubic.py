"""Bicubic interpolation of the coarse field, registered by coordinates."""

from typing import ClassVar

from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..fields import regrid
from ..records import Task
from .base import AbstractDownscaler, AbstractMethod
from .interpolated import Interpolated


class Bicubic(AbstractMethod):
    """The coarse field itself on the fine grid: piecewise cubic through coarse cell centres.

    Use it as the reference that every table starts with. Needs no training. Costs microseconds a field.

    **Good values:** it has no settings.

    **Fails when:** it overshoots at fronts and coasts.

    Reference: Keys (1981), doi:10.1109/TASSP.1981.1163711 (a = -1/2).
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "constant_is_kept", "linear"})
    cite: ClassVar[str] = "Keys (1981), doi:10.1109/TASSP.1981.1163711 (a = -1/2)."

    @classmethod
    def example(cls) -> "Bicubic":
        return cls()

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Only works out the weights; nothing is learned."""
        del key, monitor
        return Interpolated.of(task.layout, regrid.Bicubic(clamp=True), who="Bicubic")
