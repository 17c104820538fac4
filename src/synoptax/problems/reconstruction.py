"""What problems of whole windows share: wanted are all states, from observations at few of their times."""

import abc
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ..core import InputError
from ..dynamics import AbstractDynamics, rollout
from ..observe import Diagonal, Everything
from ..records import Gaussian, Window
from .twin import climatology
from .window import WindowTwin

_EVALUATION, _TRAINING = 1, 2


class AbstractReconstructionProblem(eqx.Module):
    """Windows of one model, independent draws from its attractor; the prior is its climatology. Fields are settings.

    Class-level facts: `cite`, `apart` (steps between states of the climatology), `published` (metric to the value of
    the source's learned solver).

    **Arguments:**
    - `truth_dynamics`, `model_dynamics`: training windows come from the model, never from the truth.
    - `length`: states in a window.
    - `every`: steps between times of observation.
    - `margin`: states at both ends that are never observed.
    - `variance`: of the errors of the observations.
    - `assumed`: the variance that methods are told; that of the errors by default.
    - `density`: share of the numbers that are observed at these times.
    - `spin_up`: steps from a random start to the attractor.
    """

    truth_dynamics: eqx.AbstractVar[AbstractDynamics]
    model_dynamics: eqx.AbstractVar[AbstractDynamics]
    length: eqx.AbstractVar[int]
    every: eqx.AbstractVar[int]
    margin: eqx.AbstractVar[int]
    variance: eqx.AbstractVar[float]
    assumed: eqx.AbstractVar[float | None]
    density: eqx.AbstractVar[float]
    spin_up: eqx.AbstractVar[int]

    cite: eqx.AbstractClassVar[str]
    apart: eqx.AbstractClassVar[int]
    published: eqx.AbstractClassVar[Mapping[str, float]]

    def __check_init__(self) -> None:
        if self.length <= 2 * self.margin + self.every or not 0.0 < self.density <= 1.0 or not self.variance > 0.0:
            raise InputError(
                f"A window of {self.length} with margins of {self.margin} needs an interval below {self.every}, a "
                f"density in (0, 1] and a positive variance; given {self.density} and {self.variance}."
            )

    @abc.abstractmethod
    def arrives(self, *, key: PRNGKeyArray) -> Bool[Array, "length state"]:
        """Which numbers would be observed if all times were times of observation."""

    @property
    def size(self) -> int:
        """Numbers of a state."""
        return ravel_pytree(self.model_dynamics.start(key=jax.random.key(0)))[0].size

    @property
    def operator(self) -> Everything:
        """All numbers, with the assumed variance."""
        return Everything(Diagonal.of(self.size, self.variance if self.assumed is None else self.assumed))

    @property
    def schedule(self) -> Bool[np.ndarray, " length"]:
        """Which states of a window are at times of observation."""
        step = np.arange(self.length)
        return (step % self.every == 0) & (step >= self.margin) & (step < self.length - self.margin)

    def draw(self, key: PRNGKeyArray) -> WindowTwin:
        """One window of the evaluation. Batches go through `jax.vmap`.

        Its prior is standard normal noise: put `climate()` in its place, which is the same for all draws.
        """
        states, window = self._simulate(self.truth_dynamics, jax.random.fold_in(key, _EVALUATION))
        return WindowTwin(states, window, Gaussian(jnp.zeros(self.size), Diagonal(jnp.ones(self.size))))

    def training(self, count: int, *, key: PRNGKeyArray) -> tuple[Window, Float[Array, "sample length state"]]:
        """Windows to learn from, simulated with the model: other draws than `draw` makes, from any key."""
        keys = jax.random.split(jax.random.fold_in(key, _TRAINING), count)
        states, windows = eqx.filter_jit(jax.vmap(lambda k: self._simulate(self.model_dynamics, k)))(keys)
        return windows, states

    def climate(self, *, states: int = 4000) -> Gaussian:
        """Mean and covariance of the model's attractor, from a run of its own."""
        return climatology(self.model_dynamics, spin_up=self.spin_up, states=states, every=self.apart)

    def _simulate(self, dynamics: AbstractDynamics, key: PRNGKeyArray) -> tuple[Float[Array, "length state"], Window]:
        begin, seeing, thinning = jax.random.split(key, 3)
        first = rollout(dynamics, dynamics.start(key=begin), steps=self.spin_up, every=self.spin_up).last
        run = rollout(dynamics, first, steps=self.length - 1, every=1)
        states = jnp.concatenate([first[None], run.fields])
        mask = jnp.asarray(self.schedule)[:, None] & self.arrives(key=thinning)
        noise = jnp.sqrt(self.variance) * jax.random.normal(seeing, states.shape, states.dtype)
        times = dynamics.dt * jnp.arange(self.length)
        window = Window(
            values=jnp.where(mask, states + noise, 0.0),
            mask=mask,
            times=times,
            start=times[0],
            active=jnp.arange(self.length) > 0,
            index=jnp.asarray(0),
            steps=1,
        )
        return states, window
