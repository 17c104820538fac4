"""Shocks on a line: the simplest equation of a fluid."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .steepening import AbstractSteepening


class Burgers(AbstractSteepening):
    """Waves that steepen into shocks, which viscosity keeps a few ν / Δu wide; without a forcing all of it decays.

    ∂u/∂t = −u ∂u/∂x + ν ∂²u/∂x², periodic in x: λ = −ν k², N = −(i k / 2) (u²)^, pseudo-spectral, waves shorter than
    three points dropped (the 2/3 rule). The mean never changes; without viscosity ⟨u²⟩ / 2 and ⟨u³⟩ / 6 are conserved
    to rounding as well. u(x) → −u(−x) is a symmetry. There is an exact solution: u = −2 ν ∂ log φ / ∂x where φ
    diffuses, ∂φ/∂t = ν ∂²φ/∂x² (Cole and Hopf).

    When to use: emulators and schemes that must not blur or ring at a front; closures; a problem whose answer is known.
    When not: chaos, of which it has none unless it is stirred at random. Costs O(size log size).

    **Arguments:**
    - `size`: grid points, even.
    - `length`: of the domain.
    - `viscosity`: ν, length squared per time unit.

    A forcing of shape (size,), if given, is added to the tendency: a steady or a planned one through `rollout`, a
    random one, white in time, by `Noisy(SteppedSemilinear(Burgers(), ETDRK4(), dt), covariance)`.

    **Good values:** the defaults with `ETDRK4` and dt = 0.01, for |u| up to about 3: a shock is 4 ν / Δu = 0.07 wide or
    more, a point and a half.

    **Fails when:** 4 ν / Δu is below about a distance of points and a half: the shock rings, and the ringing fills
    the line.

    Reference: Hopf (1950), doi:10.1002/cpa.3160030302.
    """

    size: int = 128
    length: float = 2 * np.pi
    viscosity: float = 0.05

    claims: ClassVar[frozenset[str]] = frozenset({"shift_equivariant", "symmetric", "conserves_invariants"})
    cite: ClassVar[str] = "Hopf (1950), doi:10.1002/cpa.3160030302"

    @classmethod
    def example(cls) -> "Burgers":
        """A coarse line for tests."""
        return cls(size=32, viscosity=0.2)

    @property
    def largest(self) -> int:
        """That of the 2/3 rule."""
        return (self.size - 1) // 3

    def ideal(self) -> "Burgers":
        """The same without viscosity."""
        return Burgers(self.size, self.length, 0.0)

    def invariants(self, state: Float[Array, " size"]) -> dict[str, Float[Array, ""]]:
        """The mean, energy ⟨u²⟩ / 2 and the Hamiltonian ⟨u³⟩ / 6 of what is kept."""
        seen = self.inverse(self.transform(state))
        return {"mean": jnp.mean(seen), "energy": jnp.mean(seen**2) / 2, "hamiltonian": jnp.mean(seen**3) / 6}

    def start(self, *, key: PRNGKeyArray) -> Float[Array, " size"]:
        """A few long waves of random phase, without a mean, of unit deviation; shocks form within a time unit."""
        modes = np.arange(self.size // 2 + 1)
        shape = np.exp(-((modes / 3.0) ** 2)) * (modes > 0)
        field = self.inverse(shape * self.transform(jax.random.normal(key, (self.size,))))
        return field / jnp.std(field)

    def linear(self) -> Any:
        """−ν k²."""
        return -self.viscosity * self.wavenumbers**2
