"""Convolution along time and space."""

import itertools
import math

import equinox as eqx

from ...core import InputError
from .base import AbstractStencil, Offset


class AlongTimeAndSpace(AbstractStencil):
    """The same weights at all places of a line, a circle, a plane or a torus; variables at a place are channels.

    For fields of shape (variable, *shape), the first axis left out when there is but one variable. A few windows are
    enough to learn from, because each holds many places. Edges look like any other place with zeros beyond it.

    **Arguments:**
    - `shape`: of the grid, such as `(40,)` or `(lat, lon)`.
    - `periodic`: for each axis of the grid whether it closes on itself.
    - `offsets`: steps in time at which the solver sees the place itself, besides the block around it.
    - `reach`: of that block in space, to either side; one step in time to either side.
    """

    shape: tuple[int, ...] = eqx.field(static=True)
    periodic: tuple[bool, ...] = eqx.field(static=True)
    offsets: tuple[int, ...] = eqx.field(static=True, default=(-8, -3, -1, 0, 1, 3, 8))
    reach: int = eqx.field(static=True, default=1)

    def __check_init__(self) -> None:
        if len(self.shape) != len(self.periodic) or not self.shape:
            raise InputError(
                f"Each axis of the grid is periodic or not; given shape {self.shape} and periodic {self.periodic}."
            )
        if self.reach < 1 or 2 * self.reach >= min(self.shape):
            raise InputError(
                f"A block of {self.reach} places to either side needs at least one and more than {2 * self.reach} "
                f"places on every axis; given shape {self.shape}."
            )

    @property
    def space(self) -> tuple[int, ...]:
        """The shape."""
        return self.shape

    @property
    def near(self) -> tuple[Offset, ...]:
        """The block around the place, and two and three steps before and after it."""
        (here,) = self.here
        block = [o for o in self._block(1, self.reach) if o != here]
        return (*block, *(self._at(o) for o in (-3, -2, 2, 3)))

    @property
    def close(self) -> tuple[Offset, ...]:
        """The place and what touches it along one axis."""
        return tuple(o for o in self._block(1, 1) if sum(map(abs, o)) <= 1)

    @property
    def far(self) -> tuple[Offset, ...]:
        """The offsets and the block."""
        block = self._block(1, self.reach)
        return (*block, *(self._at(o) for o in self.offsets if self._at(o) not in block))

    def channels(self, size: int) -> int:
        """Variables at a place."""
        places = math.prod(self.shape)
        if size % places:
            raise InputError(f"States of {size} numbers do not fill the places of a grid of shape {self.shape}.")
        return size // places

    def _at(self, time: int) -> Offset:
        return (time, *(0 for _ in self.shape))

    def _block(self, time: int, reach: int) -> list[Offset]:
        around = [range(-reach, reach + 1) for _ in self.shape]
        return list(itertools.product(range(-time, time + 1), *around))
