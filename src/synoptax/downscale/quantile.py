"""Empirical quantiles of training data as monotone maps, shared by the quantile-mapping methods."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


class QuantileMap(eqx.Module):
    """x ↦ F_fine⁻¹(F_coarse(x)) at each place, linear between quantiles, a constant shift beyond the outermost ones.

    **Arguments:**
    - `source`, `target`: shape (quantile, channel, *fine), ascending along the first axis.
    """

    source: Float[Array, "quantile channel *fine"]
    target: Float[Array, "quantile channel *fine"]

    @classmethod
    def of(
        cls, source: Float[Array, "time channel *fine"], target: Float[Array, "time channel *fine"], *, count: int
    ) -> "QuantileMap":
        """Quantiles of both at `count` probabilities, the middles of equal classes and the two extremes."""
        levels = jnp.concatenate([jnp.zeros(1), (jnp.arange(count) + 0.5) / count, jnp.ones(1)])
        return cls(jnp.nanquantile(source, levels, axis=0), jnp.nanquantile(target, levels, axis=0))

    def __call__(self, value: Float[Array, "time channel *fine"]) -> Float[Array, "time channel *fine"]:
        """The mapped values."""
        shape = value.shape
        flat = value.reshape(shape[0], -1)
        source = self.source.reshape(self.source.shape[0], -1)
        target = self.target.reshape(self.target.shape[0], -1)
        return jax.vmap(_map, in_axes=1, out_axes=1)(flat, source, target).reshape(shape)


def _map(x: Float[Array, " time"], source: Float[Array, " quantile"], target: Float[Array, " quantile"]) -> Array:
    inside = jnp.interp(x, _strict(source), target)
    low, high = x - source[0] + target[0], x - source[-1] + target[-1]
    return jnp.where(x < source[0], low, jnp.where(x > source[-1], high, inside))


def _strict(ascending: Array) -> Array:
    """Ties (many dry days) broken by a hair, so that interpolation has one answer."""
    span = jnp.maximum(ascending[-1] - ascending[0], 1e-12)
    return ascending + span * 1e-7 * jnp.arange(ascending.shape[0])
