"""Far observations count less."""

import equinox as eqx
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractSpace, AbstractTaper


class Localisation(eqx.Module):
    """A taper, a radius and the space in which distances are measured.

    **Arguments:**
    - `taper`: how influence fades, such as `GaspariCohn()`.
    - `radius`: standard deviation of the Gaussian that looks like the taper, in the unit of the space: kilometres on
      a `Sphere`, grid cells on a `Circle` or `Torus`.
    - `space`: where the numbers of the state are.

    **Good values:** `Localisation(GaspariCohn(), 6.0, Circle(40))` for ten members of Lorenz' forty variables, a
    radius of 4 for seven.

    **Fails when:** the state's last axis is not the place, such as (lat, lon, level): numbers are then taken for those
    of other places.
    """

    taper: AbstractTaper
    radius: float
    space: AbstractSpace

    def __check_init__(self) -> None:
        if isinstance(self.radius, int | float) and not self.radius > 0:
            raise InputError(f"A localisation radius must be positive; given {self.radius}.")

    def places(self, count: int) -> Float[Array, "place axis"]:
        """Coordinates of the places of a state of `count` numbers; number i is at place i modulo their number."""
        return self.space.places(count)

    def located(self, places: Float[Array, "obs axis"], count: int) -> Float[Array, "obs axis"]:
        """Coordinates of observations: as given, or looked up where the operator gave numbers of entries of the state.

        **Raises:** `InputError` when they are neither.
        """
        given, axes = places.shape[1], self.space.axes
        if given == axes:
            return places
        if given != 1:
            raise InputError(
                f"The observations have {given} coordinates and {type(self.space).__name__} needs {axes}; an operator "
                "gives these, or one column with the numbers of entries of the state."
            )
        known = self.space.places(count)
        return known[places[:, 0].astype(int) % known.shape[0]]

    def weights(self, one: Float[Array, "*any axis"], other: Float[Array, "*any axis"]) -> Float[Array, "*any"]:
        """Tapers between places, coordinates along the last axis; the others broadcast."""
        return self.taper.weight(self.space.distance(one, other) / self.radius)
