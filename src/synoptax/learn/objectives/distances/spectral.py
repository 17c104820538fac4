"""The squared error with a price on a wrong spectrum."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ....core import InputError
from .base import AbstractDistance
from .squared import SquaredDistance


class SpectralDistance(AbstractDistance):
    """d = Σ w (x̂ − x)² / Σ w + λ mean_k (log(P̂_k + ε) − log(P_k + ε))², P the power of each wave of each channel.

    Waves are those of half the plane of the two-dimensional Fourier transform, as `rfft2` gives it, not binned; ε is a
    share of the mean power, so that waves without power do not count. When to use: to keep small scales alive in long
    runs. When not: where the first steps alone matter. Cost: two Fourier transforms a field.

    **Arguments:**
    - `weight`: λ.
    - `floor`: ε over the mean power of a wave.

    **Good values:** λ = 0.01 to 0.1.

    **Fails when:** the field is not periodic: the edges leave power at all scales of truth and forecast alike.

    Reference: the idea of a price on the spectrum is that of Nathaniel et al. (2024), arXiv:2402.00712, who use a
    divergence of normalised spectra.
    """

    weight: float = eqx.field(static=True, default=0.03)
    floor: float = eqx.field(static=True, default=1e-4)

    def __check_init__(self) -> None:
        if not (self.weight >= 0 and self.floor > 0):
            raise InputError(
                f"A spectral distance needs weight >= 0 and floor > 0; given {self.weight} and {self.floor}."
            )

    def __call__(
        self,
        forecast: Float[Array, "y x channel"],
        truth: Float[Array, "y x channel"],
        weights: Float[Array, "y x"],
    ) -> Float[Array, ""]:
        """Places without truth hold the forecast in both fields."""
        filled = jnp.where(jnp.isfinite(truth), truth, forecast)
        mine, real = (jnp.abs(jnp.fft.rfft2(f, axes=(0, 1))) ** 2 for f in (forecast, filled))
        least = self.floor * jnp.mean(real, axis=(0, 1), keepdims=True) + jnp.finfo(real.dtype).tiny
        price = jnp.mean((jnp.log(mine + least) - jnp.log(real + least)) ** 2)
        return SquaredDistance()(forecast, truth, weights) + self.weight * price
