"""Storms that feed on a sheared current: baroclinic turbulence in two layers."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ..semilinear import AbstractSemilinear
from .plane import Plane


class TwoLayerQuasiGeostrophic(AbstractSemilinear):
    """Phillips' model: two layers on a β-plane, the upper one moving, eddies that grow on the shear between them.

    ∂q_i/∂t + ∇·(u_i q_i) + U_i ∂q_i/∂x + Q_i v_i = −δ_{i2} r ∇²ψ₂ − ν q_i⁽ˢ⁾ with q₁ = ∇²ψ₁ + F₁ (ψ₂ − ψ₁),
    q₂ = ∇²ψ₂ + F₂ (ψ₁ − ψ₂), F₁ = k_d² / (1 + δ), F₂ = δ F₁, Q₁ = β + F₁ (U₁ − U₂), Q₂ = β − F₂ (U₁ − U₂), U₂ = 0, on a
    square of side 2π that closes on itself. q⁽ˢ⁾ are coefficients times (k / k_max)⁸. Pseudo-spectral with the 2/3
    rule; without shear and friction energy and enstrophy are conserved to rounding. The state is q on the grid, shape
    (2, size, size): layers from above, rows y, columns x. The shear keeps the turbulence going, nothing else is
    imposed.

    When to use: assimilation of what is seen from above only (the upper streamfunction is the height of the sea),
    closures, emulators. When not: a plain test on a field; `BarotropicVorticity` is cheaper. Cost a tendency: ten
    transforms of `size`²; one step of `ETDRK4` with 64² about 0.5 ms of one core.

    **Arguments:**
    - `size`: grid points along a side, even.
    - `deformation`: k_d, the wavenumber of the radius of deformation.
    - `depths`: δ, depth of the upper layer over that of the lower.
    - `shear`: U₁.
    - `beta`: gradient of the planetary vorticity.
    - `drag`: r, on the lower layer, per time unit.
    - `damping`: ν, per time unit, at the largest wavenumber that is kept.

    A forcing of shape (2, size, size), if given, is added to the tendency of q.

    **Good values:** the defaults with `ETDRK4` and dt = 0.05: the ocean of 1000 km that closure studies use, in units
    of 159 km and 7.4 days (radius of deformation 15 km, shear 2.5 cm/s); statistics are steady after some 500 time
    units.

    **Fails when:** β exceeds F₂ U₁: the shear is then stable and everything dies out; `size` does not resolve
    `deformation`; dt exceeds about 4 / (k_max max|u|).

    Reference: Phillips (1951), doi:10.1175/1520-0469(1951)008<0381:ASTDMF>2.0.CO;2; the setting is the eddying one of
    Ross et al. (2023), doi:10.1029/2022MS003258.
    """

    size: int = 64
    deformation: float = 10.6
    depths: float = 0.25
    shear: float = 0.1
    beta: float = 1.52
    drag: float = 0.37
    damping: float = 10.0

    claims: ClassVar[frozenset[str]] = frozenset({"shift_equivariant", "symmetric", "conserves_invariants"})
    cite: ClassVar[str] = "Phillips (1951), doi:10.1175/1520-0469(1951)008<0381:ASTDMF>2.0.CO;2"

    def __check_init__(self) -> None:
        if self.size < 8 or self.size % 2:
            raise InputError(
                f"TwoLayerQuasiGeostrophic needs an even number of points along a side, at least 8; given {self.size}."
            )

    @classmethod
    def example(cls) -> "TwoLayerQuasiGeostrophic":
        """A coarse grid for tests."""
        return cls(size=16, deformation=4.0)

    def ideal(self) -> "TwoLayerQuasiGeostrophic":
        """The same without shear and friction."""
        return TwoLayerQuasiGeostrophic(self.size, self.deformation, self.depths, 0.0, self.beta, 0.0, 0.0)

    def invariants(self, state: Float[Array, "2 size size"]) -> dict[str, Float[Array, ""]]:
        """Energy −Σ h_i ⟨ψ_i q_i⟩ / 2 and enstrophy Σ h_i ⟨q_i²⟩ / 2, h the shares of the depth."""
        seen = self.inverse(self.transform(state))
        share = self._shares(seen.dtype)
        energy = -0.5 * jnp.mean(self.streamfunction(state) * seen, axis=(1, 2))
        return {
            "energy": jnp.sum(share * energy),
            "enstrophy": 0.5 * jnp.sum(share * jnp.mean(seen**2, axis=(1, 2))),
        }

    def symmetry(self, state: Float[Array, "2 size size"]) -> Float[Array, "2 size size"]:
        """The mirror image −q(x, −y), which moves as the state does."""
        return -jnp.roll(jnp.flip(state, 1), 1, 1)

    def start(self, *, key: PRNGKeyArray) -> Float[Array, "2 size size"]:
        """Weak eddies of random place; on the attractor after some 500 time units."""
        return self._plane.smooth(jax.random.normal(key, (2, self.size, self.size)))

    def streamfunction(self, state: Float[Array, "2 size size"]) -> Float[Array, "2 size size"]:
        """ψ of both layers on the grid, without that of the mean current."""
        return self.inverse(self._psi(self.transform(state)))

    def velocity(self, state: Float[Array, "2 size size"]) -> Float[Array, "2 2 size size"]:
        """Eastward and northward eddy currents, both with two layers."""
        return jnp.stack(self._plane.wind(self._psi(self.transform(state))))

    def transform(self, field: Float[Array, "2 size size"]) -> Complex[Array, "2 size half"]:
        """Real Fourier transform of both layers, without what the 2/3 rule drops."""
        return self._plane.transform(field)

    def inverse(self, coefficients: Complex[Array, "2 size half"]) -> Float[Array, "2 size size"]:
        """Back to the plane."""
        return self._plane.inverse(coefficients)

    def linear(self) -> Any:
        """−ν (k / k_max)⁸ − i k_x U."""
        plane = self._plane
        kx = plane.wavenumbers[0]
        moved = np.stack([kx, 0 * kx])
        return -self.damping * np.stack(2 * [plane.smallest_scales()]) - 1j * (self.shear * moved)

    def nonlinear(
        self,
        coefficients: Complex[Array, "2 size half"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None,
        action: PyTree | None,
    ) -> Complex[Array, "2 size half"]:
        """−∇·(u q) − Q v, and drag on the lower layer."""
        del time, action
        plane, psi = self._plane, self._psi(coefficients)
        upper, lower = self._stretching()
        gradient = jnp.stack([self.beta + upper * self.shear, self.beta - lower * self.shear])
        northward = plane.times(1j * plane.wavenumbers[0], psi)
        drag = jnp.asarray([0.0, 1.0]) * self.drag
        rate = plane.times(plane.square, psi) * drag.astype(psi.real.dtype)[:, None, None]
        rate = rate - gradient.astype(psi.real.dtype)[:, None, None] * northward - plane.advection(psi, coefficients)
        if forcing is None:
            return rate
        return rate + self.transform(jnp.broadcast_to(forcing, (2, self.size, self.size)))

    @property
    def _plane(self) -> Plane:
        return Plane(self.size)

    def _stretching(self) -> tuple[Any, Any]:
        """F₁ and F₂."""
        upper = self.deformation**2 / (1 + self.depths)
        return upper, self.depths * upper

    def _shares(self, dtype: Any) -> Float[Array, "2"]:
        return jnp.stack([jnp.asarray(self.depths, dtype), jnp.ones((), dtype)]) / (1 + self.depths)

    def _psi(self, coefficients: Complex[Array, "2 size half"]) -> Complex[Array, "2 size half"]:
        """Solves the two equations for ψ at each wavenumber; the mean has none."""
        square, inverse = self._plane.square, self._plane.inverse_square
        upper, lower = self._stretching()
        weight = inverse / (square + upper + lower)
        first, second = coefficients[0], coefficients[1]
        kind = coefficients.real.dtype
        psi = [
            -(weight * (square + lower)).astype(kind) * first - (weight * upper).astype(kind) * second,
            -(weight * lower).astype(kind) * first - (weight * (square + upper)).astype(kind) * second,
        ]
        return jnp.stack(psi)
