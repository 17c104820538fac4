"""A model that carries its own perturbations along."""

from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...dynamics import RK4, AbstractDynamics, Lorenz63, Stepped


class Bundle(NamedTuple):
    """A state, orthonormal perturbations of it as columns, and the logarithm of what each has grown by."""

    state: PyTree
    directions: Float[Array, "size count"]
    growth: Float[Array, " count"]


class Tangents(AbstractDynamics):
    """Any dynamics together with perturbations that follow its tangent-linear model, made orthonormal after each step.

    M Q = Q' R, Q' the new perturbations, log |R_ii| added to the growth of each. `project` shows the growth.
    """

    dynamics: AbstractDynamics
    count: int
    dt: float

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = "Benettin et al. (1980), doi:10.1007/BF02128236"

    def __init__(self, dynamics: AbstractDynamics, count: int):
        self.dynamics, self.count, self.dt = dynamics, count, dynamics.dt

    @classmethod
    def example(cls) -> "Tangents":
        """The butterfly with all its directions."""
        return cls(Stepped(Lorenz63(), RK4(), 0.01), 3)

    def start(self, *, key: PRNGKeyArray) -> Bundle:
        """A start of the dynamics, and random perturbations."""
        return self.around(self.dynamics.start(key=key), key=key)

    def around(self, state: PyTree, *, key: PRNGKeyArray) -> Bundle:
        """A given state, and random perturbations."""
        flat, _ = ravel_pytree(state)
        directions, _ = jnp.linalg.qr(jax.random.normal(key, (flat.size, self.count), flat.dtype))
        return Bundle(state, directions, jnp.zeros(self.count, flat.dtype))

    def step(
        self,
        state: Bundle,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> Bundle:
        """One step of state and perturbations; noise, if any, is that of the state."""
        flat, back = ravel_pytree(state.state)

        def move(vector: Array) -> Array:
            new = self.dynamics.step(back(vector), time, forcing=forcing, action=action, key=key)
            return ravel_pytree(new)[0]

        moved, push = jax.linearize(move, flat)
        directions, stretched = jnp.linalg.qr(jax.vmap(push, in_axes=1, out_axes=1)(state.directions))
        return Bundle(back(moved), directions, state.growth + jnp.log(jnp.abs(jnp.diagonal(stretched))))

    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> Bundle:
        """A state of the dynamics with random perturbations."""
        return self.around(self.dynamics.lift(field, key=key), key=jax.random.key(0) if key is None else key)

    def project(self, state: Bundle) -> Float[Array, " count"]:
        """The growth."""
        return state.growth
