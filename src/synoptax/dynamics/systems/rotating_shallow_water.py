"""A rotating sheet of water: vortices, fronts and the waves that balance them."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ..semilinear import AbstractSemilinear
from .plane import Plane


class RotatingShallowWater(AbstractSemilinear):
    """Height and wind of a thin layer on an f-plane: slow vortices in balance, and fast gravity waves.

    ∂h/∂t = −∇·F, ∂u/∂t = q F_y − ∂B/∂x + A sin(n y) − μ u, ∂v/∂t = −q F_x − ∂B/∂y − μ v, with the flux F = h (u, v),
    the potential vorticity q = (f + ∂v/∂x − ∂u/∂y) / h and the head B = g h + (u² + v²) / 2, on a square of side 2π
    that closes on itself; ν (k / k_max)⁸ damps the smallest scales of all three. The state is h, u, v on the grid,
    shape (3, size, size): rows y, columns x. Pseudo-spectral, wavenumbers above a third of `size` dropped from F, q F
    and B.

    Mass ⟨h⟩ is conserved to rounding, whatever the parameters; without force and friction the energy
    ⟨g h² + h (u² + v²)⟩ / 2 is, too, for F is truncated before q turns it. Potential enstrophy ⟨h q²⟩ / 2 is **not**:
    it is kept as well as the grid resolves q. Shifts in x and half a turn are symmetries. Waves of small amplitude have
    ω² = f² + g H k²; u = −(g / f) ∂h/∂y with h(y) is steady.

    When to use: emulators and assimilation with several variables, balance, fast and slow scales. When not: slow flow
    alone; `BarotropicVorticity` has no gravity waves to limit the step and half the transforms. Cost a tendency: eleven
    transforms of `size`²; one step of `ETDRK4` with 64² about 0.7 ms of one core.

    **Arguments:**
    - `size`: grid points along a side, even.
    - `gravity`: g, length per time unit squared.
    - `depth`: H, mean height that `start` gives, a length.
    - `rotation`: f, per time unit, not zero; √(g H) / |f| is the radius of deformation.
    - `wind`: A, length per time unit squared.
    - `waves`: n, bands of wind that fit into the side.
    - `drag`: μ, per time unit.
    - `damping`: ν, per time unit, at the largest wavenumber that is kept.

    A forcing of shape (3, size, size), if given, is added to the tendency.

    **Good values:** the defaults with `ETDRK4` and dt = 0.05, in single precision too: √(g H) = 1, winds of 0.2,
    heights down to 0.5; statistics are steady after some 200 time units.

    **Fails when:** h reaches zero; dt exceeds about 2.8 / (k_max (√(g H) + max|u|)); fronts are sharper than the grid;
    with little drag, or a radius of deformation far below the side, the largest eddies take very long to settle.

    Reference: Sadourny (1975), doi:10.1175/1520-0469(1975)032<0680:TDOFDM>2.0.CO;2, for this form of the equations and
    its energy.
    """

    size: int = 64
    gravity: float = 1.0
    depth: float = 1.0
    rotation: float = 2.0
    wind: float = 0.02
    waves: int = 4
    drag: float = 0.02
    damping: float = 10.0

    claims: ClassVar[frozenset[str]] = frozenset({"shift_equivariant", "symmetric", "conserves_invariants"})
    cite: ClassVar[str] = "Sadourny (1975), doi:10.1175/1520-0469(1975)032<0680:TDOFDM>2.0.CO;2"

    def __check_init__(self) -> None:
        if self.size < 8 or self.size % 2 or not 0 < self.waves <= (self.size - 1) // 3:
            raise InputError(
                f"RotatingShallowWater needs an even size of at least 8 and bands that a third of it resolves; given "
                f"{self.size} and {self.waves}."
            )
        if isinstance(self.rotation, int | float) and self.rotation == 0:
            raise InputError("RotatingShallowWater starts in geostrophic balance and needs a rotation; given 0.")

    @classmethod
    def example(cls) -> "RotatingShallowWater":
        """A coarse grid for tests."""
        return cls(size=16, wind=0.5, waves=2)

    def ideal(self) -> "RotatingShallowWater":
        """The same without wind and friction."""
        return RotatingShallowWater(
            self.size, self.gravity, self.depth, self.rotation, 0.0, self.waves, drag=0.0, damping=0.0
        )

    def invariants(self, state: Float[Array, "3 size size"]) -> dict[str, Float[Array, ""]]:
        """Mass ⟨h⟩ and energy ⟨g h² + h (u² + v²)⟩ / 2 of what is kept, averages over the square."""
        h, u, v = self.inverse(self.transform(state))
        return {"mass": jnp.mean(h), "energy": jnp.mean(self.gravity * h**2 + h * (u**2 + v**2)) / 2}

    def symmetry(self, state: Float[Array, "3 size size"]) -> Float[Array, "3 size size"]:
        """Half a turn: h, −u, −v at (−x, −y), which moves as the state does."""
        turned = jnp.roll(jnp.flip(state, (1, 2)), (1, 1), (1, 2))
        return jnp.stack([turned[0], -turned[1], -turned[2]])

    def start(self, *, key: PRNGKeyArray) -> Float[Array, "3 size size"]:
        """Eddies of random place in geostrophic balance; h deviates by a tenth of the depth."""
        bumps = 0.1 * self.depth * self._plane.smooth(jax.random.normal(key, (self.size, self.size)))
        u, v = self._plane.wind(self._plane.transform(self.gravity / self.rotation * bumps))
        return jnp.stack([self.depth + bumps, u, v])

    def potential_vorticity(self, state: Float[Array, "3 size size"]) -> Float[Array, "size size"]:
        """q on the grid."""
        coefficients = self.transform(state)
        return (self.rotation + self._curl(coefficients)) / self.inverse(coefficients[0])

    def transform(self, field: Float[Array, "3 size size"]) -> Complex[Array, "3 size half"]:
        """Real Fourier transform of all three, without what the 2/3 rule drops."""
        return self._plane.transform(field)

    def inverse(self, coefficients: Complex[Array, "*layer size half"]) -> Float[Array, "*layer size size"]:
        """Back to the plane."""
        return self._plane.inverse(coefficients)

    def linear(self) -> Any:
        """−ν (k / k_max)⁸, and −μ on the wind; waves are left to N."""
        scales = self._plane.smallest_scales()
        moving = np.stack([0 * scales, np.ones_like(scales), np.ones_like(scales)])
        return -self.damping * np.stack(3 * [scales]) - self.drag * moving

    def nonlinear(
        self,
        coefficients: Complex[Array, "3 size half"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None,
        action: PyTree | None,
    ) -> Complex[Array, "3 size half"]:
        """−∇·F, q F turned by a quarter to the right, −∇B, and the wind stress."""
        del time, action
        plane = self._plane
        kx, ky = plane.wavenumbers
        h, u, v = self.inverse(coefficients)
        flux = plane.transform(jnp.stack([h * u, h * v]))
        east, north = self.inverse(flux)
        q = (self.rotation + self._curl(coefficients)) / h
        head = self.gravity * h + (u**2 + v**2) / 2
        right, left, raised = plane.transform(jnp.stack([q * north, -q * east, head]))
        stress = jnp.asarray(self.wind * plane.rows(np.sin(self.waves * plane.along)), coefficients.dtype)
        rate = jnp.stack(
            [
                -plane.times(1j * kx, flux[0]) - plane.times(1j * ky, flux[1]),
                right - plane.times(1j * kx, raised) + stress,
                left - plane.times(1j * ky, raised),
            ]
        )
        return rate if forcing is None else rate + self.transform(jnp.broadcast_to(forcing, (3, self.size, self.size)))

    @property
    def _plane(self) -> Plane:
        return Plane(self.size)

    def _curl(self, coefficients: Complex[Array, "3 size half"]) -> Float[Array, "size size"]:
        """∂v/∂x − ∂u/∂y on the grid."""
        kx, ky = self._plane.wavenumbers
        plane = self._plane
        return plane.inverse(plane.times(1j * kx, coefficients[2]) - plane.times(1j * ky, coefficients[1]))
