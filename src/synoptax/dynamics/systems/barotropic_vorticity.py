"""Two-dimensional turbulence on a doubly periodic plane."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ..semilinear import AbstractSemilinear
from .plane import Plane


class BarotropicVorticity(AbstractSemilinear):
    """Vortices and filaments that a steady wind stirs: the smallest flow with weather of its own.

    ∂ζ/∂t + ∇·(u ζ) + β v = F(y) − μ ζ − ν ζ⁽ˢ⁾, u = (−∂ψ/∂y, ∂ψ/∂x), ∇²ψ = ζ, on a square of side 2π that closes on
    itself. F is the curl of an eastward wind stress A cos(n y), ζ⁽ˢ⁾ has the coefficients of ζ times (k / k_max)⁸:
    damping of the smallest scales only. Pseudo-spectral, wavenumbers above a third of `size` dropped (the 2/3 rule), so
    that without forcing and friction energy and enstrophy are conserved to rounding. The state is the vorticity on the
    grid, rows y, columns x. Shifts in x and the mirror image −ζ(x, −y) are symmetries.

    When to use: assimilation, emulators and closures on a field with a cascade. When not: density, vertical structure.
    Cost a tendency: five transforms of `size`²; one step of `ETDRK4` with 64² about 0.2 ms of one core.

    **Arguments:**
    - `size`: grid points along a side, even.
    - `wind`: A, length per time unit squared.
    - `waves`: n, bands of wind that fit into the side.
    - `drag`: μ, per time unit.
    - `damping`: ν, per time unit, at the largest wavenumber that is kept.
    - `beta`: gradient of the planetary vorticity, per length and time.

    A forcing of shape (size, size), if given, is added to the tendency of vorticity.

    **Good values:** the defaults with `ETDRK4` and dt = 0.02, in single precision too; statistics are steady after some
    50 time units.

    **Fails when:** dt exceeds about 4 / (k_max max|u|); with little damping filaments pile up at the smallest scale;
    with weak wind or strong drag the flow settles into steady bands.

    Reference: Kolmogorov's flow as in Chandler and Kerswell (2013), doi:10.1017/jfm.2013.122; drag and wavenumber as in
    Kochkov et al. (2021), doi:10.1073/pnas.2101784118.
    """

    size: int = 64
    wind: float = 1.0
    waves: int = 4
    drag: float = 0.1
    damping: float = 20.0
    beta: float = 0.0

    claims: ClassVar[frozenset[str]] = frozenset({"shift_equivariant", "symmetric", "conserves_invariants"})
    cite: ClassVar[str] = "Chandler and Kerswell (2013), doi:10.1017/jfm.2013.122"

    def __check_init__(self) -> None:
        if self.size < 8 or self.size % 2 or not 0 < self.waves <= (self.size - 1) // 3:
            raise InputError(
                f"BarotropicVorticity needs an even size of at least 8 and bands that a third of it resolves; given "
                f"{self.size} and {self.waves}."
            )

    @classmethod
    def example(cls) -> "BarotropicVorticity":
        """A coarse grid for tests."""
        return cls(size=16)

    def ideal(self) -> "BarotropicVorticity":
        """The same without wind and friction."""
        return BarotropicVorticity(self.size, 0.0, self.waves, 0.0, 0.0, self.beta)

    def invariants(self, state: Float[Array, "size size"]) -> dict[str, Float[Array, ""]]:
        """Energy −⟨ψ ζ⟩ / 2 and enstrophy ⟨ζ²⟩ / 2, averages over the square."""
        seen = self.inverse(self.transform(state))
        return {
            "energy": -0.5 * jnp.mean(self.streamfunction(state) * seen),
            "enstrophy": 0.5 * jnp.mean(seen**2),
        }

    def symmetry(self, state: Float[Array, "size size"]) -> Float[Array, "size size"]:
        """The mirror image −ζ(x, −y), which moves as the state does."""
        return -jnp.roll(jnp.flip(state, 0), 1, 0)

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

    def linear(self) -> Any:
        """−μ − ν (k / k_max)⁸ + i β k_x / k²."""
        plane = self._plane
        planetary = plane.wavenumbers[0] * plane.inverse_square
        return -self.drag - self.damping * plane.smallest_scales() + 1j * (self.beta * planetary)

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
        y = np.arange(self.size) * (2 * np.pi / self.size)
        bands = np.broadcast_to(self.waves * np.sin(self.waves * y)[:, None], (self.size, self.size))
        stirred = jnp.asarray(self.wind * np.fft.rfft2(bands), coefficients.dtype)
        rate = stirred - self._plane.advection(self._psi(coefficients), coefficients)
        if forcing is None:
            return rate
        return rate + self.transform(jnp.broadcast_to(forcing, (self.size, self.size)))

    @property
    def _plane(self) -> Plane:
        return Plane(self.size)

    def _psi(self, coefficients: Complex[Array, "size half"]) -> Complex[Array, "size half"]:
        return self._plane.times(-self._plane.inverse_square, coefficients)
