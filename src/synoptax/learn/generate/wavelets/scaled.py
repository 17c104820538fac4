"""Wavelet coefficients of variance one in every band."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .base import AbstractWavelets


class ScaledWavelets(eqx.Module):
    """A field as wavelet coefficients, each band divided by its standard deviation; and back.

    When to use: fields whose small scales hold little variance, to be learned as well as the large ones. When not:
    white fields, where it changes nothing. Cost: that of the wavelets.

    **Arguments:** made by `of(wavelets, fields)`, or
    - `wavelets`: the transform.
    - `scale`: standard deviation of each band and channel, (band, channel), bands as in `bands`.

    **Good values:** standard deviations of the training fields, as `of` takes them.

    **Fails when:** a band is nearly empty in training: noise in it is then blown up. `of` keeps every scale above a
    thousandth of the channel's largest; a channel that is zero everywhere keeps its zeros.

    Reference: none needed; a band-wise version of the usual standardisation.
    """

    wavelets: AbstractWavelets
    scale: Float[Array, "band channel"]

    @classmethod
    def of(cls, wavelets: AbstractWavelets, fields: Float[Array, "sample y x channel"]) -> "ScaledWavelets":
        """Scales from fields, which should have zero mean."""
        squares = jnp.mean(jax.vmap(wavelets)(fields) ** 2, axis=0)
        bands = wavelets.bands(fields.shape[1:])
        parts = [jnp.mean(squares[bands == b], axis=0) for b in range(wavelets.count + 1)]
        scale = jnp.sqrt(jnp.stack(parts))
        largest = jnp.max(scale, axis=0, keepdims=True)
        return cls(wavelets, jnp.where(largest > 0, jnp.maximum(scale, 1e-3 * largest), 1.0))

    def __call__(self, field: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """Coefficients of variance one."""
        return self.wavelets(field) / self._spread(field.shape)

    def inverse(self, coefficients: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        """The field again, exactly."""
        return self.wavelets.inverse(coefficients * self._spread(coefficients.shape))

    def _spread(self, shape: tuple[int, ...]) -> Float[Array, "y x channel"]:
        return jax.lax.stop_gradient(self.scale)[self.wavelets.bands(shape)]
