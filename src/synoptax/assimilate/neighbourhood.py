"""Which observations an analysis at one place uses, and how much."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import InputError
from .localisation import Localisation
from .vectors import Seen


class Neighbourhoods(eqx.Module):
    """Local views of what was observed, all of the same size.

    **Arguments:**
    - `localisation`: how influence fades.
    - `neighbours`: the nearest so many observations are used at each place; None takes all.
    """

    localisation: Localisation
    neighbours: int | None = eqx.field(static=True)

    def __check_init__(self) -> None:
        if self.neighbours is not None and self.neighbours < 1:
            raise InputError(f"An analysis needs at least one neighbour; given {self.neighbours}. None takes all.")

    def local(self, here: Float[Array, " axis"], there: Float[Array, "obs axis"], seen: Seen) -> Seen:
        """What counts at one place: errors grow as the taper falls, R ← R / taper; what is missing has weight zero."""
        weights = jnp.where(seen.mask, self.localisation.weights(here[None], there), 0.0)
        weights = weights.astype(seen.innovation.dtype)
        if self.neighbours is None or self.neighbours >= weights.shape[0]:
            return _weighted(seen, weights)
        weights, near = jax.lax.top_k(weights, self.neighbours)  # tapers fall with distance
        return _weighted(Seen(seen.anomalies[:, near], seen.innovation[near], seen.mask[near]), weights)


def _weighted(seen: Seen, weights: Float[Array, " obs"]) -> Seen:
    some = weights > 0
    root = jnp.where(some, jnp.sqrt(jnp.where(some, weights, 1.0)), 0.0)  # the root has no derivative at zero
    return Seen(seen.anomalies * root[None], seen.innovation * root, some)


def everywhere(
    analyse_one,
    states: Float[Array, "member state"],
    here: Float[Array, "place axis"],
    *,
    chunk: int,
) -> Float[Array, "member state"]:
    """Calls `analyse_one(place, states there)` at every place, `chunk` of them at a time to bound memory.

    Numbers at the same place are analysed together: `states there` has shape (member, fields).
    """
    members, count = states.shape
    places = here.shape[0]
    local = jnp.moveaxis(states.reshape(members, count // places, places), 2, 0)
    if places <= chunk:
        found = jax.vmap(analyse_one)(here, local)
    else:
        found = jax.lax.map(lambda x: analyse_one(*x), (here, local), batch_size=chunk)
    return jnp.moveaxis(found, 0, 2).reshape(members, count)
