"""Bicubic interpolation of the coarse field, registered by coordinates."""

from typing import ClassVar

from ..fields import regrid
from .interpolated import AbstractInterpolation


class Bicubic(AbstractInterpolation):
    """The coarse field itself on the fine grid: piecewise cubic through coarse cell centres.

    Use it as the reference that every table starts with. Needs no training. Costs microseconds a field.

    **Good values:** it has no settings.

    **Fails when:** it overshoots at fronts and coasts.

    Reference: Keys (1981), doi:10.1109/TASSP.1981.1163711 (a = -1/2).
    """

    cite: ClassVar[str] = "Keys (1981), doi:10.1109/TASSP.1981.1163711 (a = -1/2)."
    rule: ClassVar[regrid.AbstractRegrid] = regrid.Bicubic(clamp=True)

    @classmethod
    def example(cls) -> "Bicubic":
        return cls()
