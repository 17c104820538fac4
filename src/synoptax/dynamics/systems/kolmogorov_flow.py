"""A viscous flow that a sinusoidal force drives: from bands to turbulence in one number."""

from typing import Any, ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .vorticity import AbstractVorticity


class KolmogorovFlow(AbstractVorticity):
    """Navier-Stokes on a plane under a force of bands: steady, then periodic, then turbulent as Re grows.

    ∂ζ/∂t + ∇·(u ζ) = −A n cos(n y) − μ ζ + ∇²ζ / Re, u = (−∂ψ/∂y, ∂ψ/∂x), ∇²ψ = ζ, on a square of side 2π that closes
    on itself: the curl of the eastward force A sin(n y). Pseudo-spectral with the 2/3 rule; without force and friction
    energy and enstrophy are conserved to rounding. The state is the vorticity on the grid, rows y, columns x. Shifts in
    x and half a turn, ζ(−x, −y), are symmetries. Without drag the steady flow u = (A Re / n²) sin(n y) loses its
    stability to long waves at Re² A / n³ = √2 when n is large, and at Re = 9.97 for n = 4, A = 1.

    When to use: emulators, closures and assimilation on the flow that the literature uses. When not: turbulence at a
    low cost; `BarotropicVorticity` has a longer cascade on the same grid, for its friction leaves large scales alone.
    Cost a tendency: five transforms of `size`².

    **Arguments:**
    - `size`: grid points along a side, even.
    - `reynolds`: Re, the inverse of the viscosity.
    - `waves`: n, bands that fit into the side.
    - `drag`: μ, per time unit.
    - `force`: A, length per time unit squared.

    A forcing of shape (size, size), if given, is added to the tendency of vorticity.

    **Good values:** the defaults, Re = 40 and n = 4 as in the reference, with `ETDRK4` and dt = 0.02. Kochkov et al.
    (2021), doi:10.1073/pnas.2101784118, take Re = 1000 with drag 0.1, for which 64² points are far too few.

    **Fails when:** dt exceeds about 4 / (k_max max|u|), with |u| up to A Re / n² at the start of a run; Re is too
    large for the grid and filaments pile up at the smallest scale.

    Reference: Meshalkin and Sinai (1961), doi:10.1016/0021-8928(62)90149-1; the setting is that of Chandler and
    Kerswell (2013), doi:10.1017/jfm.2013.122.
    """

    size: int = 64
    reynolds: float = 40.0
    waves: int = 4
    drag: float = 0.0
    force: float = 1.0

    claims: ClassVar[frozenset[str]] = frozenset({"shift_equivariant", "symmetric", "conserves_invariants"})
    cite: ClassVar[str] = "Chandler and Kerswell (2013), doi:10.1017/jfm.2013.122"

    @classmethod
    def example(cls) -> "KolmogorovFlow":
        """A coarse grid for tests."""
        return cls(size=16, waves=2)

    def ideal(self) -> "KolmogorovFlow":
        """The same without force and friction."""
        return KolmogorovFlow(self.size, np.inf, self.waves, 0.0, 0.0)

    def symmetry(self, state: Float[Array, "size size"]) -> Float[Array, "size size"]:
        """Half a turn, ζ(−x, −y), which moves as the state does."""
        return jnp.roll(jnp.flip(state), (1, 1), (0, 1))

    def laminar(self) -> Float[Array, "size size"]:
        """The steady flow in bands, u = A sin(n y) / (n² / Re + μ), as vorticity."""
        friction = self.waves**2 / self.reynolds + self.drag
        bands = -self.waves * np.cos(self.waves * self._plane.along)
        return self.force / friction * jnp.asarray(np.broadcast_to(bands[:, None], (self.size, self.size)))

    def budget(self, state: Float[Array, "size size"]) -> dict[str, Float[Array, ""]]:
        """What the force gives to the energy and what viscosity and drag take, per time unit, averages over the square.

        Energy grows by input − dissipation − drag.
        """
        pushed = jnp.asarray(np.sin(self.waves * self._plane.along), state.dtype)[:, None]
        held = self.invariants(state)
        return {
            "input": self.force * jnp.mean(self.velocity(state)[0] * pushed),
            "dissipation": 2 * held["enstrophy"] / self.reynolds,
            "drag": 2 * self.drag * held["energy"],
        }

    def linear(self) -> Any:
        """−μ − k² / Re."""
        return -self.drag - self._plane.square / self.reynolds

    def stirring(self) -> Any:
        """The curl −A n cos(n y)."""
        return self.force * self._plane.rows(-self.waves * np.cos(self.waves * self._plane.along))
