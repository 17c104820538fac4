"""Bilinear interpolation of the coarse field, registered by coordinates."""

from typing import ClassVar

from ..fields import regrid
from .interpolated import AbstractInterpolation


class Bilinear(AbstractInterpolation):
    """The coarse field itself on the fine grid: linear in latitude and in longitude between coarse cell centres.

    Use it as the reference that every table starts with. Needs no training. Costs microseconds a field.

    **Good values:** it has no settings.

    **Fails when:** area means are treated as point values, so peaks are flattened.

    Reference: Any textbook of numerical analysis.
    """

    cite: ClassVar[str] = "Any textbook of numerical analysis."
    rule: ClassVar[regrid.AbstractRegrid] = regrid.Bilinear(clamp=True)

    @classmethod
    def example(cls) -> "Bilinear":
        return cls()
