"""Flame fronts to be emulated: chaos in space and time on a line."""

from typing import ClassVar

import equinox as eqx

from ..dynamics import ETDRK4, AbstractDynamics, KuramotoSivashinsky, SteppedSemilinear
from ..fields import Grid
from .emulation import AbstractEmulationProblem, Flat, Maps


class KSEmulation(AbstractEmulationProblem):
    """Kuramoto-Sivashinsky, 64 points on a length of 60, a field every 1.0 (four steps of the solver).

    The leading Lyapunov exponent is 0.085 (0.0007), so a Lyapunov time holds twelve fields. Other lengths are no safer:
    on 48 and 56 some runs end near orbits that hardly diverge.
    """

    train: int = eqx.field(static=True, default=64)
    valid: int = eqx.field(static=True, default=8)
    test: int = eqx.field(static=True, default=64)
    times: int = eqx.field(static=True, default=100)
    leads: int = eqx.field(static=True, default=118)
    history: int = eqx.field(static=True, default=1)
    size: int = eqx.field(static=True, default=64)
    length: float = eqx.field(static=True, default=60.0)

    every: ClassVar[int] = 4
    spin_up: ClassVar[int] = 1200
    lyapunov_time: ClassVar[float] = 11.8
    variables: ClassVar[tuple[tuple[str, str], ...]] = (("u", "1"),)
    cite: ClassVar[str] = "Kassam and Trefethen (2005), doi:10.1137/S1064827502410633"

    @classmethod
    def quick(cls) -> "KSEmulation":
        """Fewer and shorter runs."""
        return cls(train=24, valid=4, test=16, times=60, leads=44)

    @property
    def dynamics(self) -> AbstractDynamics:
        """In steps of 0.25."""
        return SteppedSemilinear(KuramotoSivashinsky(self.size, self.length), ETDRK4(), 0.25)

    @property
    def grid(self) -> Grid:
        """A line that closes on itself."""
        return Grid.box((1, self.size), (1.0, self.length))

    @property
    def view(self) -> Maps:
        """One row."""
        return Maps((1, 1, self.size))

    @property
    def unview(self) -> Flat:
        """A line."""
        return Flat((self.size,))
