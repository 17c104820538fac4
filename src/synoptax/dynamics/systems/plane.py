"""Derivatives and products on a doubly periodic plane, without aliasing."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

Field = Float[Array, "*layer size size"]
Coefficients = Complex[Array, "*layer size half"]


@dataclasses.dataclass(frozen=True)
class Plane:
    """A square of side 2π with `size`² points, rows y and columns x, seen through its Fourier coefficients.

    Wavenumbers above a third of `size` are dropped (the 2/3 rule), so that products of two fields are exact.

    **Arguments:**
    - `size`: points along a side.
    """

    size: int

    @property
    def along(self) -> np.ndarray:
        """Places of the points along a side, shape (size,)."""
        return np.arange(self.size) * (2 * np.pi / self.size)

    @property
    def wavenumbers(self) -> tuple[np.ndarray, np.ndarray]:
        """k_x and k_y, both of the shape of the coefficients."""
        along = np.arange(self.size // 2 + 1, dtype=float)
        across = np.fft.fftfreq(self.size, 1.0 / self.size)
        kx, ky = np.meshgrid(along, across)
        return kx, ky

    @property
    def square(self) -> np.ndarray:
        """k², of the shape of the coefficients."""
        kx, ky = self.wavenumbers
        return kx**2 + ky**2

    @property
    def inverse_square(self) -> np.ndarray:
        """1 / k², zero for the mean."""
        square = self.square
        return np.where(square > 0, 1.0 / np.where(square > 0, square, 1.0), 0.0)

    @property
    def largest(self) -> int:
        """The largest wavenumber that is kept along an axis."""
        return (self.size - 1) // 3

    @property
    def kept(self) -> np.ndarray:
        """What the 2/3 rule leaves, as ones and zeros."""
        kx, ky = self.wavenumbers
        return ((kx <= self.largest) & (np.abs(ky) <= self.largest)).astype(float)

    def rows(self, profile: np.ndarray) -> np.ndarray:
        """Coefficients of a field that depends on y alone, given along y."""
        return np.fft.rfft2(np.broadcast_to(profile[:, None], (self.size, self.size)))

    def smallest_scales(self) -> np.ndarray:
        """(k / k_max)⁸ for what is kept: the shape of a damping that leaves large scales alone."""
        return (self.square / self.largest**2) ** 4 * self.kept

    def transform(self, field: Field) -> Coefficients:
        """Real Fourier transform, without what the 2/3 rule drops."""
        return self.times(self.kept, jnp.fft.rfft2(field))

    def inverse(self, coefficients: Coefficients) -> Field:
        """Back to the plane."""
        return jnp.fft.irfft2(coefficients, (self.size, self.size))

    def times(self, weights: np.ndarray, coefficients: Coefficients) -> Coefficients:
        """Coefficients weighted by an array of the plane, in their own precision."""
        kind = coefficients.dtype if weights.dtype.kind == "c" else coefficients.real.dtype
        shape = (1,) * (coefficients.ndim - 2) + weights.shape
        return jnp.asarray(weights.reshape(shape), kind) * coefficients

    def wind(self, psi: Coefficients) -> tuple[Field, Field]:
        """u = −∂ψ/∂y and v = ∂ψ/∂x on the plane."""
        kx, ky = self.wavenumbers
        return self.inverse(self.times(-1j * ky, psi)), self.inverse(self.times(1j * kx, psi))

    def advection(self, psi: Coefficients, carried: Coefficients) -> Coefficients:
        """∇·(u q) = u·∇q, u the wind of ψ."""
        kx, ky = self.wavenumbers
        (u, v), q = self.wind(psi), self.inverse(carried)
        return self.times(1j * kx, self.transform(u * q)) + self.times(1j * ky, self.transform(v * q))

    def smooth(self, noise: Field) -> Field:
        """White noise without its mean and its scales below a quarter of the largest wavenumber, of unit deviation."""
        shape = np.exp(-self.square / (self.largest / 4) ** 2) * (self.square > 0)
        field = self.inverse(self.times(shape, self.transform(noise)))
        return field / jnp.std(field)
