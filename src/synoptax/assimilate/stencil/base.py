"""The type of this folder."""

import abc

import equinox as eqx
from jaxtyping import Array, Float

Offset = tuple[int, ...]


class AbstractStencil(eqx.Module):
    """Which places in time, and in space where there is one, a convolution reads; the rest of a state is channels.

    Offsets are (time, space …), in steps of the window and of the grid.

    **Arguments:**
    - `periodic`: whether each axis of space closes on itself; what lies beyond the ends of the others is zero.
    """

    periodic: eqx.AbstractVar[tuple[bool, ...]]

    @property
    @abc.abstractmethod
    def space(self) -> tuple[int, ...]:
        """Lengths of the axes of space, none of them for states without."""

    @property
    @abc.abstractmethod
    def near(self) -> tuple[Offset, ...]:
        """From where the prior predicts a place: its neighbours, never itself."""

    @property
    @abc.abstractmethod
    def close(self) -> tuple[Offset, ...]:
        """What the second layer of the prior reads: the place and those next to it."""

    @property
    @abc.abstractmethod
    def far(self) -> tuple[Offset, ...]:
        """What the solver reads."""

    @property
    def here(self) -> tuple[Offset, ...]:
        """The place alone."""
        return ((0,) * (1 + len(self.space)),)

    @abc.abstractmethod
    def channels(self, size: int) -> int:
        """Channels of a state of `size` numbers.

        **Raises:** `InputError` when such a state does not fill the places.
        """

    def fold(self, rows: Float[Array, "length state"]) -> Float[Array, "length *space channel"]:
        """States as fields, channels last."""
        length, size = rows.shape
        fields = rows.reshape(length, self.channels(size), *self.space)
        return fields.transpose(0, *range(2, fields.ndim), 1)

    def unfold(self, fields: Float[Array, "length *space channel"]) -> Float[Array, "length state"]:
        """The inverse of `fold`."""
        return fields.transpose(0, fields.ndim - 1, *range(1, fields.ndim - 1)).reshape(fields.shape[0], -1)
