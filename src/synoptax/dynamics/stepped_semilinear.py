"""Semilinear equation times exponential scheme."""

from typing import ClassVar

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractPlainDynamics
from .schemes import ETDRK4
from .semilinear import AbstractExponentialScheme, AbstractSemilinear
from .systems import KuramotoSivashinsky


class SteppedSemilinear(AbstractPlainDynamics):
    """A semilinear equation with an exponential scheme; state and field are physical, coefficients live within a step.

    x(t + dt) = inverse(scheme(λ, N, transform(x(t)))). When to use: stiff spectral models. When not: equations without
    a diagonal linear part; take `Stepped`. Costs the evaluations of N that the scheme needs and one transform there and
    back a step.

    **Arguments:**
    - `system`: the equation.
    - `scheme`: how to step it.
    - `dt`: length of a step, in the unit of the equation.

    **Good values:** `SteppedSemilinear(KuramotoSivashinsky(), ETDRK4(), 0.5)`,
    `SteppedSemilinear(BarotropicVorticity(), ETDRK4(), 0.02)`.

    **Fails when:** dt is beyond the limit that N sets: the state leaves the finite numbers, which `rollout` reports as
    `Status.nonfinite_state`. Scales that the transform drops are gone after one step.

    Reference: Kassam and Trefethen (2005), doi:10.1137/S1064827502410633.
    """

    system: AbstractSemilinear
    scheme: AbstractExponentialScheme
    dt: float

    claims: ClassVar[frozenset[str]] = frozenset({"order"})
    cite: ClassVar[str] = "Kassam and Trefethen (2005), doi:10.1137/S1064827502410633"

    @classmethod
    def example(cls) -> "SteppedSemilinear":
        """Flame fronts on a short domain, a step at which the order of the scheme shows."""
        return cls(system=KuramotoSivashinsky(size=24, length=22.0), scheme=ETDRK4(), dt=0.01)

    def start(self, *, key: PRNGKeyArray) -> Float[Array, "*grid"]:
        """The start of the system."""
        return self.system.start(key=key)

    def step(
        self,
        state: Float[Array, "*grid"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "*grid"]:
        """One step of the scheme; forcing and action are held constant within it."""
        del key

        def rest(coefficients: Array, t: Array) -> Array:
            return self.system.nonlinear(coefficients, t, forcing=forcing, action=action)

        coefficients = self.system.transform(state)
        return self.system.inverse(self.scheme.advance(self.system.linear(), rest, coefficients, time, self.dt))
