"""The types of this folder: a system has a tendency, a scheme takes a step, a dynamics carries a state forward."""

import abc
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

Rate = Callable[[PyTree, Array], PyTree]


class AbstractDynamics(eqx.Module):
    """Carries a state forward by one time step: an ODE with a scheme, a dynamical core, an emulator, a hybrid.

    The *state* is whatever the model needs; the *field* is what the rest of the world sees of it. `lift` and `project`
    lead from one to the other, so that hidden variables never leak.

    Class-level facts: `claims` (promises that `tests/laws` checks; each class makes at least one), `cite` (the
    reference), `example()` (a small instance), and `start` (a state to begin with).
    """

    dt: eqx.AbstractVar[float]
    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractDynamics":
        """A small instance that runs in seconds."""

    @abc.abstractmethod
    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """A state to begin a spin-up with; different keys give different states."""

    @abc.abstractmethod
    def step(
        self,
        state: PyTree,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> PyTree:
        """The state one step of `dt` later.

        **Arguments:**
        - `state`: at `time`; no batch or ensemble axis, use `jax.vmap`.
        - `time`: in the unit of `dt`.
        - `forcing`: what is imposed from outside, constant over the step.
        - `action`: what a decision maker does, constant over the step.
        - `key`: for stochastic models.
        """

    @abc.abstractmethod
    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> PyTree:
        """A state that shows `field`: `project(lift(field))` is `field`."""

    @abc.abstractmethod
    def project(self, state: PyTree) -> PyTree:
        """What operators, metrics and localisation see of a state."""


class AbstractPlainDynamics(AbstractDynamics):
    """A dynamics that hides nothing: its state is its field."""

    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> PyTree:
        """The field itself."""
        del key
        return field

    def project(self, state: PyTree) -> PyTree:
        """The state itself."""
        return state


class AbstractSystem(eqx.Module):
    """A differential equation dx/dt = f(x, t), without a way to solve it.

    Class-level facts: `claims`, `cite` and `example()`, as for a dynamics.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractSystem":
        """The setting that everybody uses."""

    @abc.abstractmethod
    def start(self, *, key: PRNGKeyArray) -> PyTree:
        """A state near, not on, the attractor; different keys give different states."""

    @abc.abstractmethod
    def tendency(
        self, state: PyTree, time: Float[Array, ""], *, forcing: PyTree | None = None, action: PyTree | None = None
    ) -> PyTree:
        """f(x, t): the rate of change, the same structure as the state."""


class AbstractScheme(eqx.Module):
    """A rule that takes one time step of a differential equation.

    Class-level facts: `order` (the error over a fixed time falls as dt^order; `tests/order` measures it), `cite`.
    """

    order: eqx.AbstractClassVar[int]
    cite: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def advance(self, rate: Rate, state: PyTree, time: Float[Array, ""], dt: float) -> PyTree:
        """The state at `time + dt`.

        **Arguments:**
        - `rate`: f(state, time).
        - `state`: any pytree of floating-point arrays.
        - `time`, `dt`: in the unit of the equation.
        """
