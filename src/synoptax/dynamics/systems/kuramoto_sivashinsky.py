"""Flame fronts: the simplest partial differential equation with chaos."""

from typing import Any, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .steepening import AbstractSteepening


class KuramotoSivashinsky(AbstractSteepening):
    """Chaos in space and time on a periodic line: long waves grow, short ones are damped, steepening links them.

    ∂u/∂t = −u ∂u/∂x − ∂²u/∂x² − ∂⁴u/∂x⁴, periodic in x: with Fourier coefficients λ = k² − k⁴ and
    N = −(i k / 2) (u²)^. The mean of u never changes; u(x) → −u(−x) is a symmetry. When to use: localisation and
    filters on a field whose dimension grows with the domain. When not: several scales or dimensions. Costs O(size log
    size).

    **Arguments:**
    - `size`: grid points, even.
    - `length`: of the domain, dimensionless.

    A forcing of shape (size,), if given, is added to the tendency.

    **Good values:** 128 points on 32π with `ETDRK4` and dt up to 0.5: leading Lyapunov exponent 0.09 per time
    unit, about twelve growing directions; 32 points on 22, where it is 0.048 and one direction grows.

    **Fails when:** points are further apart than about one: the damped scales are then missing and energy piles up.

    Reference: Kuramoto and Tsuzuki (1976), doi:10.1143/PTP.55.356; the setting is that of Kassam and Trefethen (2005),
    doi:10.1137/S1064827502410633.
    """

    size: int = 128
    length: float = 32 * np.pi

    claims: ClassVar[frozenset[str]] = frozenset({"shift_equivariant", "symmetric", "conserves_invariants"})
    cite: ClassVar[str] = "Kassam and Trefethen (2005), doi:10.1137/S1064827502410633"

    @classmethod
    def example(cls) -> "KuramotoSivashinsky":
        """A short domain."""
        return cls(size=32, length=22.0)

    @property
    def largest(self) -> int:
        """All of them: what is short is damped."""
        return self.size // 2

    def ideal(self) -> "KuramotoSivashinsky":
        """Itself: the invariant holds as it is."""
        return self

    def invariants(self, state: Float[Array, " size"]) -> dict[str, Float[Array, ""]]:
        """The mean."""
        return {"mean": jnp.mean(state)}

    def start(self, *, key: PRNGKeyArray) -> Float[Array, " size"]:
        """Noise without a mean; on the attractor after some 150 time units."""
        noise = jax.random.normal(key, (self.size,))
        return noise - jnp.mean(noise)

    def linear(self) -> Any:
        """k² − k⁴."""
        return self.wavenumbers**2 - self.wavenumbers**4
