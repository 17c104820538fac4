"""A convolution along time as one matrix product."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class TimeConvolution(eqx.Module):
    """y_t = b + Σ_o x_(t+o) W_o, zeros beyond both ends; components of the state are channels.

    Shifted copies and a matrix product, no convolution: on the CPU those are many times slower in compiled loops.

    **Arguments:**
    - `weight`: shape (offset and inside, outside).
    - `bias`: shape (outside,).
    - `offsets`: in steps; they need not be neighbours.
    """

    weight: Float[Array, "tap outside"]
    bias: Float[Array, " outside"]
    offsets: tuple[int, ...] = eqx.field(static=True)

    @classmethod
    def of(
        cls, inside: int, outside: int, offsets: tuple[int, ...], *, key: PRNGKeyArray, scale: float = 1.0
    ) -> "TimeConvolution":
        """Random weights that keep variances, times `scale`."""
        taps = inside * len(offsets)
        weight = scale * jax.random.normal(key, (taps, outside)) / jnp.sqrt(float(taps))
        return cls(weight, jnp.zeros(outside), offsets)

    def __call__(self, x: Float[Array, "length inside"]) -> Float[Array, "length outside"]:
        """The convolution."""
        length, reach = x.shape[0], max(abs(o) for o in self.offsets)
        padded = jnp.pad(x, ((reach, reach), (0, 0)))
        shifted = jnp.concatenate([padded[reach + o : reach + o + length] for o in self.offsets], axis=1)
        return shifted @ self.weight.astype(x.dtype) + self.bias.astype(x.dtype)[None]
