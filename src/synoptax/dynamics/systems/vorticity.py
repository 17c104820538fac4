"""What incompressible flows on a doubly periodic plane have in common."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ..semilinear import AbstractSemilinear
from .plane import Plane


class AbstractVorticity(AbstractSemilinear):
    """∂ζ/∂t + ∇·(u ζ) = F(y) + L ζ, u = (−∂ψ/∂y, ∂ψ/∂x), ∇²ψ = ζ, on a square of side 2π that closes on itself.

    F is the curl of an eastward force with `waves` bands, L a number for each wave. Pseudo-spectral, wavenumbers above
    a third of `size` dropped (the 2/3 rule), so that without F and friction energy and enstrophy are conserved to
    rounding. The state is the vorticity on the grid, rows y, columns x.
    """

    size: eqx.AbstractVar[int]
    waves: eqx.AbstractVar[int]

    def __check_init__(self) -> None:
        if self.size < 8 or self.size % 2 or not 0 < self.waves <= (self.size - 1) // 3:
            raise InputError(
                f"{type(self).__name__} needs an even size of at least 8 and bands that a third of it resolves; given "
                f"{self.size} and {self.waves}."
            )

    @abc.abstractmethod
    def stirring(self) -> Any:
        """Coefficients of F, shape (size, size // 2 + 1); a NumPy array as long as the parameters are numbers."""

    def invariants(self, state: Float[Array, "size size"]) -> dict[str, Float[Array, ""]]:
        """Energy −⟨ψ ζ⟩ / 2 and enstrophy ⟨ζ²⟩ / 2, averages over the square."""
        seen = self.inverse(self.transform(state))
        return {
            "energy": -0.5 * jnp.mean(self.streamfunction(state) * seen),
            "enstrophy": 0.5 * jnp.mean(seen**2),
        }

    def start(self, *, key: PRNGKeyArray) -> Float[Array, "size size"]:
        """Vortices of random place and unit strength, about four of the smallest scale wide."""
        return self._plane.smooth(jax.random.normal(key, (self.size, self.size)))

    def streamfunction(self, state: Float[Array, "size size"]) -> Float[Array, "size size"]:
        """ψ on the grid."""
        return self.inverse(self._psi(self.transform(state)))

    def velocity(self, state: Float[Array, "size size"]) -> Float[Array, "2 size size"]:
        """Eastward and northward wind on the grid."""
        return jnp.stack(self._plane.wind(self._psi(self.transform(state))))

    def transform(self, field: Float[Array, "size size"]) -> Complex[Array, "size half"]:
        """Real Fourier transform, without what the 2/3 rule drops."""
        return self._plane.transform(field)

    def inverse(self, coefficients: Complex[Array, "size half"]) -> Float[Array, "size size"]:
        """Back to the plane."""
        return self._plane.inverse(coefficients)

    def nonlinear(
        self,
        coefficients: Complex[Array, "size half"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None,
        action: PyTree | None,
    ) -> Complex[Array, "size half"]:
        """−∇·(u ζ) + F."""
        del time, action
        stirred = jnp.asarray(self.stirring(), coefficients.dtype)
        rate = stirred - self._plane.advection(self._psi(coefficients), coefficients)
        if forcing is None:
            return rate
        return rate + self.transform(jnp.broadcast_to(forcing, (self.size, self.size)))

    @property
    def _plane(self) -> Plane:
        return Plane(self.size)

    def _psi(self, coefficients: Complex[Array, "size half"]) -> Complex[Array, "size half"]:
        return self._plane.times(-self._plane.inverse_square, coefficients)
