"""A rotating layer of water under wind, to be emulated."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import ETDRK4, AbstractDynamics, RotatingShallowWater, SteppedSemilinear
from ..fields import Grid
from .emulation import AbstractEmulationProblem, Flat, Maps

_SIDE = 6.283185307179586


class ShallowWaterEmulation(AbstractEmulationProblem):
    """Rotating shallow water on 32 x 32 points under bands of wind: depth and both winds every 1.0 (twenty steps).

    Vortices that live long and waves that cross the square in six time units; the leading Lyapunov exponent is about
    0.03, so a Lyapunov time holds some thirty-three fields.
    """

    train: int = eqx.field(static=True, default=24)
    valid: int = eqx.field(static=True, default=4)
    test: int = eqx.field(static=True, default=16)
    times: int = eqx.field(static=True, default=100)
    leads: int = eqx.field(static=True, default=132)
    history: int = eqx.field(static=True, default=1)
    size: int = eqx.field(static=True, default=32)

    every: ClassVar[int] = 20
    spin_up: ClassVar[int] = 6000
    lyapunov_time: ClassVar[float] = 33.0
    variables: ClassVar[tuple[tuple[str, str], ...]] = (("depth", "1"), ("u", "1"), ("v", "1"))
    cite: ClassVar[str] = "Sadourny (1975), doi:10.1175/1520-0469(1975)032<0680:TDOFDM>2.0.CO;2"

    @classmethod
    def quick(cls) -> "ShallowWaterEmulation":
        """Fewer and shorter runs."""
        return cls(train=8, valid=2, test=8, times=50, leads=66)

    @property
    def dynamics(self) -> AbstractDynamics:
        """In steps of 0.05."""
        return SteppedSemilinear(RotatingShallowWater(size=self.size), ETDRK4(), 0.05)

    @property
    def grid(self) -> Grid:
        """A square that closes on itself."""
        return Grid.box((self.size, self.size), (_SIDE, _SIDE))

    @property
    def view(self) -> Maps:
        """The state itself: three channels."""
        return Maps((3, self.size, self.size))

    @property
    def unview(self) -> Flat:
        """The same."""
        return Flat((3, self.size, self.size))
