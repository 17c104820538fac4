"""Two-dimensional turbulence on a doubly periodic plane."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .vorticity import AbstractVorticity


class BarotropicVorticity(AbstractVorticity):
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

    @classmethod
    def example(cls) -> "BarotropicVorticity":
        """A coarse grid for tests."""
        return cls(size=16)

    def ideal(self) -> "BarotropicVorticity":
        """The same without wind and friction."""
        return BarotropicVorticity(self.size, 0.0, self.waves, 0.0, 0.0, self.beta)

    def symmetry(self, state: Float[Array, "size size"]) -> Float[Array, "size size"]:
        """The mirror image −ζ(x, −y), which moves as the state does."""
        return -jnp.roll(jnp.flip(state, 0), 1, 0)

    def linear(self) -> Any:
        """−μ − ν (k / k_max)⁸ + i β k_x / k²."""
        plane = self._plane
        planetary = plane.wavenumbers[0] * plane.inverse_square
        return -self.drag - self.damping * plane.smallest_scales() + 1j * (self.beta * planetary)

    def stirring(self) -> Any:
        """The curl A n sin(n y)."""
        y = self._plane.along
        return self.wind * self._plane.rows(self.waves * np.sin(self.waves * y))
