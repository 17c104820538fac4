"""Observations one after the other."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .localisation import Localisation
from .vectors import Seen

# of one observation, from its anomalies s / √(N−1), variance s·s and innovation in units of its error: by how much its
# mean moves, and by how much its anomalies do
Scalar = Callable[
    [Float[Array, " member"], Float[Array, ""], Float[Array, ""]], tuple[Float[Array, ""], Float[Array, " member"]]
]


def serially(
    states: Float[Array, "member state"],
    seen: Seen,
    places: Float[Array, "obs axis"],
    localisation: Localisation | None,
    scalar: Scalar,
) -> Float[Array, "member state"]:
    """Members after all observations, each of which moves the state and the observations that follow by regression.

    Equations (4) and (5) of Anderson (2003), doi:10.1175/1520-0493(2003)131<0634:ALLSFF>2.0.CO;2; the regression on
    each number is multiplied by the taper of its distance to the observation.
    """
    count = states.shape[1]
    root = jnp.sqrt(jnp.asarray(states.shape[0] - 1, states.dtype))
    mean = jnp.mean(states, axis=0)
    joint = jnp.concatenate([(states - mean[None]) / root, seen.anomalies], axis=1)
    moved = jnp.concatenate([mean, jnp.zeros_like(seen.innovation)])
    taper = _tapers(localisation, places, count)

    def one(carry, j):
        joint, moved = carry
        s = joint[:, count + j]
        variance = s @ s
        shift, change = scalar(s, variance, seen.innovation[j] - moved[count + j])
        some = variance > 0
        slope = taper(j).astype(s.dtype) * (s @ joint) / jnp.where(some, variance, 1.0)
        slope = jnp.where(some & seen.mask[j], slope, 0.0)
        return (joint + change[:, None] * slope[None], moved + shift * slope), None

    (joint, moved), _ = jax.lax.scan(one, (joint, moved), jnp.arange(seen.innovation.shape[0]))
    return moved[None, :count] + root * joint[:, :count]


def _tapers(localisation: Localisation | None, places: Float[Array, "obs axis"], count: int):
    """From the number of an observation to its weights on all numbers of the state and all observations."""
    if localisation is None:
        ones = jnp.ones(count + places.shape[0])
        return lambda j: ones
    here, there = localisation.places(count), localisation.located(places, count)

    def taper(j):
        near = localisation.weights(here, there[j][None])
        return jnp.concatenate([jnp.tile(near, count // near.shape[0]), localisation.weights(there, there[j][None])])

    return taper
