"""Convolution along time only."""

import equinox as eqx

from .base import AbstractStencil, Offset


class AlongTime(AbstractStencil):
    """All numbers of a state are channels: for states whose numbers are no neighbours of each other.

    **Arguments:**
    - `offsets`: steps in time that the solver sees at once; they should reach the next observations.
    """

    offsets: tuple[int, ...] = eqx.field(static=True, default=(-8, -3, -1, 0, 1, 3, 8))
    periodic: tuple[bool, ...] = eqx.field(static=True, default=(), init=False)

    @property
    def space(self) -> tuple[int, ...]:
        """None."""
        return ()

    @property
    def near(self) -> tuple[Offset, ...]:
        """Three steps to either side."""
        return ((-3,), (-2,), (-1,), (1,), (2,), (3,))

    @property
    def close(self) -> tuple[Offset, ...]:
        """One step to either side."""
        return ((-1,), (0,), (1,))

    @property
    def far(self) -> tuple[Offset, ...]:
        """The offsets."""
        return tuple((o,) for o in self.offsets)

    def channels(self, size: int) -> int:
        """All of them."""
        return size
