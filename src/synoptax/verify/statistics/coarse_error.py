"""Error of block means."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...core import InputError
from ..base import AbstractStatistic
from ._ensemble import mean, unusable


class CoarseError(AbstractStatistic):
    """|C[mean_m x_m] - C[y]|: C the area-weighted mean over factor x factor fine cells."""

    factor: int

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel"], Float[Array, "time channel"]]:
        """Weighted sum over the blocks whose truth is complete."""
        ny, nx = _sides(truth.shape[2:], self.factor)

        def blocks(field: Array) -> Array:
            cut = field.reshape(*field.shape[:-2], ny, self.factor, nx, self.factor)
            return jnp.sum(cut, axis=(-3, -1))

        known = ~jnp.isnan(truth)
        area = jnp.broadcast_to(weights.astype(truth.dtype), truth.shape)
        complete = blocks((~known).astype(truth.dtype)) == 0
        whole = jnp.where(complete, blocks(area), 0.0)
        off = jnp.where(known & (area > 0), (mean(forecast) - truth + unusable(forecast)) * area, 0.0)
        error = jnp.where(whole > 0, jnp.abs(blocks(off)), 0.0)
        return jnp.sum(error, axis=(-2, -1)), jnp.sum(whole, axis=(-2, -1))


def _sides(shape: tuple[int, ...], factor: int) -> tuple[int, int]:
    if len(shape) != 2:
        raise InputError(f"Conservation needs a grid and was given places of shape {shape}; leave it out for stations.")
    if factor < 1 or shape[0] % factor or shape[1] % factor:
        raise InputError(
            f"A factor of {factor} does not divide a {shape[0]}x{shape[1]} grid; use the factor of the task."
        )
    return shape[0] // factor, shape[1] // factor
