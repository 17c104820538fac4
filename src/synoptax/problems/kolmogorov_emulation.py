"""Turbulence that a force of bands drives, to be emulated."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import ETDRK4, AbstractDynamics, KolmogorovFlow, SteppedSemilinear
from ..fields import Grid
from .emulation import AbstractEmulationProblem, Flat, Maps

_SIDE = 6.283185307179586


class KolmogorovEmulation(AbstractEmulationProblem):
    """Kolmogorov flow on 32 x 32 points, Re 60, four bands, drag 0.1; the vorticity every 0.25 (five steps).

    The leading Lyapunov exponent is 0.32, so a Lyapunov time, 3.1, holds twelve fields. The solver keeps waves up to
    ten: what is emulated is this model, not the flow that a finer grid would show.
    """

    train: int = eqx.field(static=True, default=32)
    valid: int = eqx.field(static=True, default=4)
    test: int = eqx.field(static=True, default=24)
    times: int = eqx.field(static=True, default=80)
    leads: int = eqx.field(static=True, default=100)
    history: int = eqx.field(static=True, default=1)
    size: int = eqx.field(static=True, default=32)

    every: ClassVar[int] = 5
    spin_up: ClassVar[int] = 2000
    lyapunov_time: ClassVar[float] = 3.1
    variables: ClassVar[tuple[tuple[str, str], ...]] = (("vorticity", "1"),)
    cite: ClassVar[str] = "Chandler and Kerswell (2013), doi:10.1017/jfm.2013.122"

    @classmethod
    def quick(cls) -> "KolmogorovEmulation":
        """Fewer and shorter runs."""
        return cls(train=12, valid=2, test=8, times=40, leads=36)

    @property
    def dynamics(self) -> AbstractDynamics:
        """In steps of 0.05."""
        return SteppedSemilinear(KolmogorovFlow(self.size, 60.0, 4, 0.1), ETDRK4(), 0.05)

    @property
    def grid(self) -> Grid:
        """A square that closes on itself."""
        return Grid.box((self.size, self.size), (_SIDE, _SIDE))

    @property
    def view(self) -> Maps:
        """One channel."""
        return Maps((1, self.size, self.size))

    @property
    def unview(self) -> Flat:
        """Without the channel."""
        return Flat((self.size, self.size))
