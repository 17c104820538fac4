"""The observations that one analysis sees."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from ..core import InputError


class Window(eqx.Module):
    """A run of times of observation, the newest last.

    At the beginning of a record a long window is not yet full: its first places are then not active, and a method
    stays at `start` through them.

    **Arguments:**
    - `values`: shape (length, obs), zero where missing.
    - `mask`: shape (length, obs), True where there is a value.
    - `times`: shape (length,); those of places that are not active equal `start`.
    - `start`: the time of the belief that an analysis begins with.
    - `active`: shape (length,); False before the beginning of the record.
    - `index`: number of the newest time within the record.
    - `steps`: model steps between two times of observation.
    """

    values: Float[Array, "length obs"]
    mask: Bool[Array, "length obs"]
    times: Float[Array, " length"]
    start: Float[Array, ""]
    active: Bool[Array, " length"]
    index: Int[Array, ""]
    steps: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        shape = jnp.shape(self.values)
        fits = jnp.shape(self.mask) == shape and jnp.shape(self.times)[-1:] == shape[-2:-1]
        if len(shape) < 2 or shape[-2] < 1 or not fits:
            raise InputError(
                f"A window needs at least one time and values and mask of the same shape (length, obs); given {shape}, "
                f"{jnp.shape(self.mask)} and {jnp.shape(self.times)} times."
            )

    def __len__(self) -> int:
        return self.times.shape[0]
