"""A convolution along time and space as one matrix product."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .stencil import AbstractStencil


class Convolution(eqx.Module):
    """y_p = b + Σ_o x_(p+o) W_o over the offsets o; zeros beyond the ends of axes that are not periodic.

    Shifted copies and a matrix product, no convolution: on the CPU those are many times slower in compiled loops.

    **Arguments:**
    - `weight`: shape (offset and inside, outside).
    - `bias`: shape (outside,).
    - `offsets`: (time, space …) in steps; they need not be neighbours.
    - `periodic`: for each axis of space.
    """

    weight: Float[Array, "tap outside"]
    bias: Float[Array, " outside"]
    offsets: tuple[tuple[int, ...], ...] = eqx.field(static=True)
    periodic: tuple[bool, ...] = eqx.field(static=True)

    @classmethod
    def of(
        cls,
        inside: int,
        outside: int,
        offsets: tuple[tuple[int, ...], ...],
        where: AbstractStencil,
        *,
        key: PRNGKeyArray,
        scale: float = 1.0,
    ) -> "Convolution":
        """Random weights that keep variances, times `scale`."""
        taps = inside * len(offsets)
        weight = scale * jax.random.normal(key, (taps, outside)) / jnp.sqrt(float(taps))
        return cls(weight, jnp.zeros(outside), offsets, where.periodic)

    def __call__(self, x: Float[Array, "length *space inside"]) -> Float[Array, "length *space outside"]:
        """The convolution."""
        reach = [max(abs(o[axis]) for o in self.offsets) for axis in range(x.ndim - 1)]
        padded = x
        for axis, (far, wrap) in enumerate(zip(reach, (False, *self.periodic), strict=True)):
            widths = [(far, far) if a == axis else (0, 0) for a in range(x.ndim)]
            padded = jnp.pad(padded, widths, mode="wrap" if wrap else "constant")

        def moved(offset: tuple[int, ...]) -> Array:
            begins = [far + step for far, step in zip(reach, offset, strict=True)]
            return padded[tuple(slice(b, b + n) for b, n in zip(begins, x.shape[:-1], strict=True))]

        product = jnp.concatenate([moved(o) for o in self.offsets], axis=-1) @ self.weight.astype(x.dtype)
        return product + self.bias.astype(x.dtype).reshape((1,) * (x.ndim - 1) + (-1,))
