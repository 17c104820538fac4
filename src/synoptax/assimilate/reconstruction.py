"""The type of methods that reconstruct a whole window at once."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ..core import Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window
from .verdict import finite, worse


class Reconstruction(eqx.Module):
    """What was made of one window.

    **Arguments:**
    - `states`: fields at all times of the window, leading time axis; variances are NaN where a method gives none.
    - `diagnostics`: name to scalar.
    - `status`: a `Status` code; `nonfinite_state` where a state or a diagnostic is not finite, whatever is given.
    """

    states: Estimate
    diagnostics: dict[str, Float[Array, ""]]
    status: Int[Array, ""]

    def __init__(self, states: Estimate, diagnostics: dict[str, Float[Array, ""]], status: Int[Array, ""]):
        self.states, self.diagnostics = states, diagnostics
        good = finite((states.mean, diagnostics))
        self.status = worse(status, jnp.where(good, int(Status.successful), int(Status.nonfinite_state)))


class AbstractReconstruction(eqx.Module):
    """From one window of observations to the states at all of its times, the times without observations included.

    Each time may use all observations, earlier and later ones. A window that is to give states between the times of
    observation lists those times too, with nothing observed there. Batches of windows go through `jax.vmap`.

    Class-level facts: `claims` (promises that `tests/laws` checks), `cite` and `example()`.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractReconstruction":
        """A small instance for states of six numbers."""

    @abc.abstractmethod
    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """The states at `window.times`.

        **Arguments:**
        - `window`: the observations; where it is not active the state is that at `window.start`.
        - `prior`: the belief at `window.start`.
        - `dynamics`, `operator`: what the method believes in; learned methods may have learned their own model.
        - `key`: for methods that draw.
        """


def interpolated(window: Window, field: PyTree, operator: AbstractObservation) -> Float[Array, "length number"]:
    """Fields as vectors at all times of a window: observations joined by straight lines in time, number by number.

    Before the first and after the last observation of a number the nearest one is repeated; numbers without any are
    those of `field`. Exact for operators that see single numbers; with others what the transpose of the
    operator puts on a number, divided by its weight, takes the place of the observation.
    """
    first, back = ravel_pytree(field)

    def spread(values, mask, time):
        _, transpose = jax.vjp(lambda x: operator.apply(back(x), time), first)
        weight = transpose(mask.astype(first.dtype))[0]
        total = transpose(jnp.where(mask, values, 0.0).astype(first.dtype))[0]
        there = weight > 0.0
        return jnp.where(there, total / jnp.where(there, weight, 1.0), 0.0), there

    values, there = jax.vmap(spread)(window.values, window.mask, window.times)
    joined = jax.vmap(_joined, in_axes=1, out_axes=1)(values, there)
    return jnp.where(jnp.any(there, axis=0)[None], joined, first[None])


def coverage(window: Window, field: PyTree, operator: AbstractObservation) -> Float[Array, "length number"]:
    """How much of each number was observed at each time: the weight that the transpose of the operator puts on it."""
    first, back = ravel_pytree(field)

    def weight(mask: Array, time: Array) -> Array:
        _, transpose = jax.vjp(lambda x: operator.apply(back(x), time), first)
        return transpose(mask.astype(first.dtype))[0]

    return jax.vmap(weight)(window.mask, window.times)


def _joined(values: Float[Array, " length"], there: Array) -> Float[Array, " length"]:
    """Linear between the places that are there."""
    place = jnp.arange(values.size)
    before = jax.lax.cummax(jnp.where(there, place, -1))
    after = jax.lax.cummin(jnp.where(there, place, values.size), reverse=True)
    left = jnp.where(before < 0, after, before)
    right = jnp.where(after >= values.size, before, after)
    left, right = jnp.clip(left, 0, values.size - 1), jnp.clip(right, 0, values.size - 1)
    share = (place - left) / jnp.maximum(right - left, 1)
    share = share.astype(values.dtype)
    return (1.0 - share) * values[left] + share * values[right]
