"""The types of this folder: where numbers live, and how influence fades with distance."""

import abc

import equinox as eqx
from jaxtyping import Array, Float


class AbstractTaper(eqx.Module):
    """Weight of an observation at a distance, in units of the localisation radius.

    Radii of all tapers mean the same: exp(−z²/2) has radius 1, and so has every other taper in the sense that its
    docstring states. Class-level facts: `cite`, `support` (where the weight becomes zero, in radii; infinite for none).
    """

    cite: eqx.AbstractClassVar[str]
    support: eqx.AbstractClassVar[float]

    @abc.abstractmethod
    def weight(self, distance: Float[Array, "*any"]) -> Float[Array, "*any"]:
        """From 1 at no distance to 0 far away; infinite distances are allowed."""


class AbstractSpace(eqx.Module):
    """The real domain on which the numbers of a state lie, and distances in it.

    A state is its fields as one vector, place last: of several fields, or fields with levels, number i lies at place
    i modulo the number of places.
    """

    @property
    @abc.abstractmethod
    def axes(self) -> int:
        """Coordinates of a place."""

    @abc.abstractmethod
    def places(self, count: int) -> Float[Array, "place axis"]:
        """Coordinates of the places of a state of `count` numbers.

        **Raises:** `InputError` when so many numbers do not fit the places.
        """

    @abc.abstractmethod
    def distance(self, one: Float[Array, "*any axis"], other: Float[Array, "*any axis"]) -> Float[Array, "*any"]:
        """Between places, coordinates along the last axis; the others broadcast."""
