"""A reconstruction of windows as an analysis, and simulated windows for it to learn from."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..assimilate import AbstractAnalysis, AbstractReconstruction, Update
from ..assimilate.cost import advance
from ..assimilate.variational import told
from ..core import InputError
from ..dynamics import AbstractDynamics, rollout
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window


class MovingWindow(AbstractAnalysis):
    """The newest state of a window that was reconstructed as a whole; the window moves on by one time of observation.

    For reconstructions that need no background, such as a trained FourDVarNet: the belief is the last analysis, and the
    model only carries it to the next time, for the forecast. Fields are single arrays.

    **Arguments:**
    - `reconstruction`: of windows.
    - `lag`: times of observation in a window.
    """

    reconstruction: AbstractReconstruction
    lag: int = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = "none needed"

    @classmethod
    def example(cls) -> "MovingWindow":
        """There is none: it starts from a trained reconstruction."""
        raise InputError("Give it a reconstruction: MovingWindow(FourDVarNet().fit(...), 16).")

    @property
    def length(self) -> int:
        """The lag."""
        return self.lag

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Gaussian:
        """The prior."""
        del key
        return prior

    def update(
        self,
        belief: Gaussian,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """The model once for the forecast, then the reconstruction."""
        before = window.times[-1] - window.steps * dynamics.dt
        ahead = advance(belief.mean, before, dynamics, window.steps)
        found = self.reconstruction.reconstruct(window, prior=belief, dynamics=dynamics, operator=operator, key=key)
        oldest, newest = (
            Estimate(*(jax.tree.map(lambda x, i=i: x[i], part) for part in (found.states.mean, found.states.variance)))
            for i in (0, -1)
        )
        _, back = ravel_pytree(dynamics.project(belief.mean))
        state = dynamics.lift(back(ravel_pytree(newest.mean)[0]))
        moved = belief.moved(state)
        return Update(moved, told(ahead, dynamics), newest, oldest, found.diagnostics, found.status)


def simulated(
    dynamics: AbstractDynamics,
    starts: Float[Array, "run state"],
    operator: AbstractObservation,
    *,
    times: int,
    length: int,
    every: int,
    key: PRNGKeyArray,
) -> tuple[Window, Float[Array, "sample length state"]]:
    """Windows cut from runs of a model, observed at every step; runs that blow up are left out.

    **Arguments:**
    - `starts`: fields that runs begin with.
    - `times`: steps of a run.
    - `length`: of a window.
    - `every`: steps between the beginnings of windows.

    **Raises:** `InputError` when no run stays finite.
    """
    moving, seeing = jax.random.split(key)

    @eqx.filter_jit
    def go(dynamics: AbstractDynamics, starts: Array, keys: PRNGKeyArray) -> Array:
        return jax.vmap(lambda x, k: rollout(dynamics, dynamics.lift(x), steps=times, key=k).fields)(starts, keys)

    runs = np.asarray(go(dynamics, starts, jax.random.split(moving, len(starts))))
    runs = runs[np.isfinite(runs).all(axis=(1, 2))]
    if not len(runs):
        raise InputError(f"No run of {type(dynamics).__name__} stays finite for {times} steps; fit another emulator.")
    cuts = [runs[:, s : s + length] for s in range(0, times - length + 1, every)]
    states = jnp.asarray(np.stack(cuts, axis=1).reshape(-1, length, runs.shape[2]))
    moments = dynamics.dt * jnp.arange(1, length + 1)

    def observe(states: Array, key: PRNGKeyArray) -> Window:
        keys = jax.random.split(key, length)
        values: PyTree = jax.vmap(lambda f, t, k: operator.sample(f, t, key=k))(states, moments, keys)
        seen = jnp.ones(values.shape, bool)
        return Window(values, seen, moments, jnp.zeros(()), jnp.ones(length, bool), jnp.asarray(0), 1)

    return eqx.filter_jit(jax.vmap(observe))(states, jax.random.split(seeing, len(states))), states
