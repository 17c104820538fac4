"""A model that admits its errors."""

from typing import ClassVar, Protocol

import jax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from .base import AbstractDynamics
from .schemes import RK4
from .stepped import Stepped
from .systems import Lorenz96
from .white import White


class Rooted(Protocol):
    """Anything that turns white noise into draws: `White`, or any covariance of `synoptax.observe`."""

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """L z, where L Lᵀ is the covariance."""


class Noisy(AbstractDynamics):
    """Any dynamics with additive noise after every step: x(t + dt) = step(x(t)) + η, η normal with covariance Q.

    When to use: model error in ensembles and particle filters, truths that no model follows exactly. When not: noise
    that is correlated in time or depends on the state. Costs one draw and one root a step besides the step itself.

    **Arguments:**
    - `dynamics`: what is disturbed.
    - `covariance`: Q of one step, of the state as one vector; anything with a `root`, such as `White(0.1)`. For noise
      that does not depend on the time step give q · dt.

    **Good values:** `Noisy(Stepped(Lorenz96(), RK4(), 0.05), White(0.1))`.

    **Fails when:** the state is not physical (spectral cores): noise then lands on coefficients. Without a key it
    refuses to step.

    Reference: Evensen (2009), Data Assimilation, section 3.3, doi:10.1007/978-3-642-03711-5.
    """

    dynamics: AbstractDynamics
    covariance: Rooted
    dt: float

    claims: ClassVar[frozenset[str]] = frozenset({"noise_is_additive"})
    cite: ClassVar[str] = "Evensen (2009), doi:10.1007/978-3-642-03711-5"

    def __init__(self, dynamics: AbstractDynamics, covariance: Rooted):
        self.dynamics, self.covariance, self.dt = dynamics, covariance, dynamics.dt

    @classmethod
    def example(cls) -> "Noisy":
        """Lorenz' waves, eight of them."""
        return cls(Stepped(Lorenz96(size=8), RK4(), 0.05), White(0.3))

    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.start(key=key)

    def step(
        self,
        state: PyTree,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> PyTree:
        """One step of the dynamics, then a draw.

        **Raises:** `InputError` without a key.
        """
        if key is None:
            raise InputError("Noisy draws in every step and was given no key; pass key= to rollout or step.")
        moving, shaking = jax.random.split(key)
        flat, back = ravel_pytree(self.dynamics.step(state, time, forcing=forcing, action=action, key=moving))
        return back(flat + self.covariance.root(jax.random.normal(shaking, flat.shape, flat.dtype)))

    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.lift(field, key=key)

    def project(self, state: PyTree) -> PyTree:
        """That of the dynamics."""
        return self.dynamics.project(state)
