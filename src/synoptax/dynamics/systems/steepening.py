"""What fields on a periodic line that carry themselves along have in common."""

import abc

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PyTree

from ...core import InputError
from ..semilinear import AbstractSemilinear


class AbstractSteepening(AbstractSemilinear):
    """∂u/∂t = −u ∂u/∂x + L u, periodic in x: crests overtake troughs; L is a number for each wave.

    N = −(i k / 2) (u²)^. The mean never changes; u(x) → −u(−x) is a symmetry where λ is even in k.
    """

    size: eqx.AbstractVar[int]
    length: eqx.AbstractVar[float]

    def __check_init__(self) -> None:
        if self.size < 8 or self.size % 2:
            raise InputError(f"{type(self).__name__} needs an even number of points, at least 8; given {self.size}.")

    @property
    @abc.abstractmethod
    def largest(self) -> int:
        """The largest number of waves on the line that is kept."""

    @property
    def positions(self) -> np.ndarray:
        """x of the grid points, shape (size,)."""
        return np.arange(self.size) * self.length / self.size

    @property
    def wavenumbers(self) -> np.ndarray:
        """k, of the shape of the coefficients."""
        return np.arange(self.size // 2 + 1) * (2 * np.pi / self.length)

    def symmetry(self, state: Float[Array, " size"]) -> Float[Array, " size"]:
        """−u(−x), which moves as the state does."""
        return -jnp.roll(jnp.flip(state), 1)

    def transform(self, field: Float[Array, " size"]) -> Complex[Array, " modes"]:
        """Real Fourier transform, without waves shorter than the shortest that is kept."""
        kept = np.arange(self.size // 2 + 1) <= self.largest
        return jnp.fft.rfft(field) * kept.astype(field.dtype)

    def inverse(self, coefficients: Complex[Array, " modes"]) -> Float[Array, " size"]:
        """Back to the line."""
        return jnp.fft.irfft(coefficients, self.size)

    def nonlinear(
        self,
        coefficients: Complex[Array, " modes"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None,
        action: PyTree | None,
    ) -> Complex[Array, " modes"]:
        """−(i k / 2) (u²)^; the shortest wave of the grid has no slope on it."""
        del time, action
        slope = self.wavenumbers * (np.arange(self.size // 2 + 1) < self.size // 2)
        squared = self.transform(self.inverse(coefficients) ** 2)
        rate = squared * (-0.5j * slope).astype(coefficients.dtype)
        return rate if forcing is None else rate + self.transform(jnp.broadcast_to(forcing, (self.size,)))
