"""Which observations an analysis at one place uses, and how much."""

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..core import InputError
from .localisation import Localisation
from .tiles import positions, tiled
from .vectors import Seen

# from the states at one place, (member, fields), and what is seen around it to the states after
Analysis = Callable[[Float[Array, "member fields"], Seen], Float[Array, "member fields"]]
_TILE, _BLOCK = 256, 16  # places, and tiles of such, that look for their neighbours together


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
        weights = self._weights(here, there, seen)
        if self.neighbours is None or self.neighbours >= weights.shape[0]:
            return _weighted(seen, weights)
        weights, near = jax.lax.top_k(weights, self.neighbours)  # tapers fall with distance
        return _weighted(_of(seen, near), weights)

    def everywhere(
        self,
        analyse_one: Analysis,
        states: Float[Array, "member state"],
        seen: Seen,
        places: Float[Array, "obs axis"],
        *,
        chunk: int,
    ) -> Float[Array, "member state"]:
        """Calls `analyse_one` at every place, at most `chunk` of them at a time to bound memory.

        Numbers at the same place are analysed together. Where neighbours are few and observations many, places look
        for them by blocks and tiles, so that each compares a number of observations that hardly grows with the network.
        """
        members, count = states.shape
        here, there = self.localisation.places(count), self.localisation.located(places, count)
        local = jnp.moveaxis(states.reshape(members, count // here.shape[0], here.shape[0]), 2, 0)

        def one(x: tuple[Float[Array, " axis"], Float[Array, "member fields"]]) -> Float[Array, "member fields"]:
            return analyse_one(x[1], self.local(x[0], there, seen))

        size = min(_TILE, chunk)
        if self.neighbours is not None and 2 * self._candidates(size, here, there) < there.shape[0]:
            order = tiled(jax.lax.stop_gradient(here), size)
            order = order.reshape(max(1, order.shape[0] // _BLOCK), -1, order.shape[1])
            found = jax.lax.map(lambda n: self._block(analyse_one, here[n], local[n], there, seen, here), order)
            found = found.reshape(-1, *local.shape[1:])[positions(order, here.shape[0])]
        elif here.shape[0] <= chunk:
            found = jax.vmap(one)((here, local))
        else:
            found = jax.lax.map(one, (here, local), batch_size=chunk)
        return jnp.moveaxis(found, 0, 2).reshape(members, count)

    def _weights(self, here: Float[Array, " axis"], there: Float[Array, "obs axis"], seen: Seen) -> Array:
        weights = jnp.where(seen.mask, self.localisation.weights(here[None], there), 0.0)
        return weights.astype(seen.innovation.dtype)

    def _candidates(self, size: int, here: Array, there: Array) -> int:
        """Observations within reach of `size` places side by side on a plane, with a margin for gaps."""
        inside = size * there.shape[0] / here.shape[0]
        reach = math.sqrt(0.625 * inside) + math.sqrt(3.0 * (self.neighbours or 1) / math.pi)
        return min(there.shape[0], math.ceil(1.2 * math.pi * reach**2))

    def _block(
        self,
        analyse_one: Analysis,
        here: Float[Array, "tile place axis"],
        local: Float[Array, "tile place member fields"],
        there: Float[Array, "obs axis"],
        seen: Seen,
        every: Float[Array, "places axis"],
    ) -> Float[Array, "tile place member fields"]:
        """Some tiles side by side: they look for neighbours among the observations around them all."""
        tiles, size, axes = here.shape
        whole = self._candidates(tiles * size, every, there)
        near, where, outer = self._narrowed(here.reshape(-1, axes), there, seen, whole)

        def tile(x: tuple[Array, Array, Array]) -> Array:
            places, states, outside = x
            few, at, inner = self._narrowed(places, where, near, self._candidates(size, every, there))
            weights = jax.vmap(lambda place: self._weights(place, at, few))(places)
            weights, found = jax.lax.top_k(weights, self.neighbours or 1)
            bound = jnp.maximum(outside, inner)
            enough = jnp.all((weights[:, -1] > bound) | (bound == 0.0))

            def with_few() -> Array:
                return jax.vmap(lambda s, w, n: analyse_one(s, _weighted(_of(few, n), w)))(states, weights, found)

            def with_all() -> Array:
                both = lambda x: analyse_one(x[1], self.local(x[0], there, seen))
                return jax.lax.map(both, (places, states), batch_size=max(1, size * at.shape[0] // there.shape[0]))

            return jax.lax.cond(enough, with_few, with_all)

        return jax.lax.map(tile, (here, local, outer.reshape(tiles, size)))

    def _narrowed(
        self, here: Float[Array, "place axis"], there: Float[Array, "obs axis"], seen: Seen, count: int
    ) -> tuple[Seen, Float[Array, "near axis"], Float[Array, " place"]]:
        """The `count` observations nearest to the middle of some places, and above which weight a place has all.

        An observation left out is at least `reach` from the middle and so at least `reach − |place − middle|` from a
        place: it weighs no more than the taper of that.
        """
        if count >= there.shape[0]:
            return seen, there, jnp.zeros(here.shape[0], seen.innovation.dtype)
        space, taper = self.localisation.space, self.localisation.taper
        middle = 0.5 * (jnp.min(here, axis=0) + jnp.max(here, axis=0))[None]
        apart = jnp.where(seen.mask, space.distance(middle, there), jnp.inf)
        nearest, near = jax.lax.top_k(jax.lax.stop_gradient(-apart), count)
        near = jnp.sort(near)  # so that equal tapers are told apart as they are among all
        reach = -nearest[-1] * (1 - 1e-5)
        left_out = jnp.maximum(reach - jax.lax.stop_gradient(space.distance(here, middle)), 0.0)
        bound = taper.weight(left_out / jax.lax.stop_gradient(self.localisation.radius))
        return _of(seen, near), there[near], bound.astype(seen.innovation.dtype)


def _of(seen: Seen, numbers: Array) -> Seen:
    return Seen(seen.anomalies[:, numbers], seen.innovation[numbers], seen.mask[numbers])


def _weighted(seen: Seen, weights: Float[Array, " obs"]) -> Seen:
    some = weights > 0
    root = jnp.where(some, jnp.sqrt(jnp.where(some, weights, 1.0)), 0.0)  # the root has no derivative at zero
    return Seen(seen.anomalies * root[None], seen.innovation * root, some)
