"""What every twin experiment shares: a truth, a model that may differ from it, instruments, a schedule."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import PRNGKeyArray, PyTree

from ..core import InputError
from ..dynamics import AbstractDynamics, rollout
from ..observe import AbstractObservation, Dense, Diagonal
from ..records import Gaussian, Observations, Twin

_CLIMATE = 7  # the key of the climatology: never one of an experiment's seeds, which are folded in after a split


class AbstractTwinProblem(eqx.Module):
    """A truth is simulated and observed; methods see the observations and a model. Fields are settings.

    The final classes are named after the papers that made them standard. Class-level facts: `cite`.

    **Arguments:**
    - `truth_dynamics`, `model_dynamics`: two fields, so that a wrong model is the normal case.
    - `operator`: network and errors.
    - `steps`: model steps between two times of observation.
    - `count`: times of observation.
    - `burn`: of them left out of the scores at the beginning.
    - `spin_up`: model steps before the start, long enough to reach the attractor.
    - `spread`: standard deviation of the prior about the true start, in units of the state.
    """

    truth_dynamics: eqx.AbstractVar[AbstractDynamics]
    model_dynamics: eqx.AbstractVar[AbstractDynamics]
    operator: eqx.AbstractVar[AbstractObservation]
    steps: eqx.AbstractVar[int]
    count: eqx.AbstractVar[int]
    burn: eqx.AbstractVar[int]
    spin_up: eqx.AbstractVar[int]
    spread: eqx.AbstractVar[float]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def quick(cls) -> "AbstractTwinProblem":
        """The same with fewer times."""

    @property
    def interval(self) -> float:
        """Time between observations, in the unit of the model."""
        return self.steps * self.model_dynamics.dt

    def simulate(self, key: PRNGKeyArray) -> Twin:
        """One draw: a truth on the attractor, its observations, and a prior about its start.

        Batches go through `jax.vmap`, and the whole through `jax.jit`. The prior's mean is the truth plus noise of the
        prior's covariance, so that it is honest. Cost: `spin_up + steps * count` steps of the true dynamics.
        """
        begin, moving, seeing, doubting = jax.random.split(key, 4)
        dynamics = self.truth_dynamics
        settled = rollout(
            dynamics,
            dynamics.start(key=begin),
            steps=self.spin_up,
            every=self.spin_up,
            key=jax.random.fold_in(moving, 0),
        ).last
        run = rollout(
            dynamics, settled, steps=self.steps * self.count, every=self.steps, key=jax.random.fold_in(moving, 1)
        )
        keys = jax.random.split(seeing, self.count)
        values = jax.vmap(lambda f, t, k: self.operator.sample(f, t, key=k))(run.fields, run.times, keys)
        initial = dynamics.project(settled)
        flat, back = ravel_pytree(initial)
        mean = back(flat + self.spread * jax.random.normal(doubting, flat.shape, flat.dtype))
        covariance = Diagonal(jnp.full(flat.shape, self.spread**2, flat.dtype))
        observations = Observations(values, run.times, jnp.zeros((), run.times.dtype), self.steps)
        return Twin(run.fields, initial, observations, Gaussian(self.model_dynamics.lift(mean), covariance))

    def climate(self, *, states: int = 4000, every: int | None = None) -> Gaussian:
        """Mean and covariance of the model's own attractor, from a run of its own that no experiment sees.

        **Arguments:**
        - `states`: how many states are averaged; at least five times the size of a field.
        - `every`: model steps between them; the interval of the observations by default.

        **Raises:** `InputError` when the states are too few.
        """
        return climatology(self.model_dynamics, spin_up=self.spin_up, states=states, every=every or self.steps)

    def run(self, *, states: int, every: int | None = None) -> np.ndarray:
        """States of the model on its attractor as vectors, (state, number): for climatologies and for training."""
        return _attractor(self.model_dynamics, spin_up=self.spin_up, states=states, every=every or self.steps)


def climatology(dynamics: AbstractDynamics, *, spin_up: int, states: int, every: int) -> Gaussian:
    """Mean and covariance of a model's attractor, from a run that no experiment sees.

    **Arguments:**
    - `spin_up`: steps before the first state.
    - `states`: how many are averaged, `every` steps apart.

    **Raises:** `InputError` when the states are too few.
    """
    flat = _attractor(dynamics, spin_up=spin_up, states=states, every=every)
    if flat.shape[0] < 2 * flat.shape[1]:
        raise InputError(
            f"{flat.shape[0]} states do not give a covariance of {flat.shape[1]} numbers; raise states to "
            f"{5 * flat.shape[1]} or more."
        )
    covariance = np.cov(flat.T) + 1e-9 * np.eye(flat.shape[1]) * flat.var()
    back = ravel_pytree(dynamics.project(dynamics.start(key=jax.random.key(_CLIMATE))))[1]
    return Gaussian(dynamics.lift(back(jnp.asarray(flat.mean(axis=0)))), Dense.of(covariance))


def _attractor(dynamics: AbstractDynamics, *, spin_up: int, states: int, every: int) -> np.ndarray:
    key = jax.random.key(_CLIMATE)
    settled = rollout(dynamics, dynamics.start(key=key), steps=spin_up, every=spin_up, key=key).last
    found = rollout(dynamics, settled, steps=states * every, every=every, key=jax.random.fold_in(key, 1), view=_flat)
    return np.asarray(found.fields, float)


def _flat(state: PyTree):
    return ravel_pytree(state)[0]
