"""Nearest interpolation of the coarse field, registered by coordinates."""

from typing import ClassVar

from ..fields import regrid
from .interpolated import AbstractInterpolation


class Nearest(AbstractInterpolation):
    """The coarse field itself on the fine grid: the value of the coarse cell that holds the fine cell.

    Use it as the reference that every table starts with. Needs no training. Costs microseconds a field.

    **Good values:** it has no settings.

    **Fails when:** it is blocky: the error of every sharper method is measured against it.

    Reference: Any textbook of numerical analysis.
    """

    cite: ClassVar[str] = "Any textbook of numerical analysis."
    rule: ClassVar[regrid.AbstractRegrid] = regrid.Nearest(clamp=True)

    @classmethod
    def example(cls) -> "Nearest":
        return cls()
