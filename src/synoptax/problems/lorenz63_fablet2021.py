"""Windows of two time units on Lorenz' three variables: the benchmark of learned variational assimilation."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ..core import InputError
from ..dynamics import RK4, AbstractDynamics, Lorenz63, Stepped, rollout
from ..observe import Dense, Diagonal, Everything
from ..records import Gaussian, Window
from .window import WindowTwin

_CLIMATE, _EVALUATION, _TRAINING = 7, 1, 2


def _model() -> AbstractDynamics:
    return Stepped(Lorenz63(), RK4(), 0.01)


class Lorenz63Fablet2021(eqx.Module):
    """200 states 0.01 apart, all three variables seen at every eighth with errors of variance 2, none near the ends.

    Wanted are all 200 states. The windows are independent draws from the attractor; the source cuts them, overlapping,
    from one trajectory. The prior is the climatology of the model. Printed in the source's notebooks for a learned
    prior with a learned solver: mean squared error 0.50 at observed and 0.94 at unobserved entries, 0.89 in all.

    **Arguments:**
    - `truth_dynamics`, `model_dynamics`: training windows come from the model, never from the truth.
    - `length`: states in a window.
    - `every`: steps between times of observation.
    - `margin`: states at both ends that are never observed.
    - `variance`: of the errors of the observations.
    - `assumed`: the variance that methods are told; that of the errors by default.
    - `density`: share of the observations that arrive.
    - `spin_up`: steps from a random start to the attractor.

    Reference: Fablet et al. (2021), doi:10.1029/2021MS002572, and the code DinAE_4DVarNN_torch.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    model_dynamics: AbstractDynamics = eqx.field(default_factory=_model)
    length: int = eqx.field(static=True, default=200)
    every: int = eqx.field(static=True, default=8)
    margin: int = eqx.field(static=True, default=10)
    variance: float = 2.0
    assumed: float | None = None
    density: float = 1.0
    spin_up: int = eqx.field(static=True, default=4000)

    cite: ClassVar[str] = "Fablet et al. (2021), doi:10.1029/2021MS002572"

    def __check_init__(self) -> None:
        if self.length <= 2 * self.margin + self.every or not 0.0 < self.density <= 1.0 or not self.variance > 0.0:
            raise InputError(
                f"A window of {self.length} with margins of {self.margin} needs an interval below {self.every}, a "
                f"density in (0, 1] and a positive variance; given {self.density} and {self.variance}."
            )

    @property
    def operator(self) -> Everything:
        """All three variables, with the assumed variance."""
        return Everything(Diagonal.of(3, self.variance if self.assumed is None else self.assumed))

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
        return WindowTwin(states, window, Gaussian(jnp.zeros(3), Diagonal(jnp.ones(3))))

    def training(self, count: int, *, key: PRNGKeyArray) -> tuple[Window, Float[Array, "sample length 3"]]:
        """Windows to learn from, simulated with the model: other draws than `draw` makes, from any key."""
        keys = jax.random.split(jax.random.fold_in(key, _TRAINING), count)
        states, windows = eqx.filter_jit(jax.vmap(lambda k: self._simulate(self.model_dynamics, k)))(keys)
        return windows, states

    def climate(self, *, states: int = 4000) -> Gaussian:
        """Mean and covariance of the model's attractor, from a run of its own."""
        run = self._run(states)
        return Gaussian(jnp.asarray(run.mean(axis=0)), Dense.of(np.cov(run.T)))

    def _run(self, states: int) -> np.ndarray:
        dynamics, key = self.model_dynamics, jax.random.key(_CLIMATE)
        begin = rollout(dynamics, dynamics.start(key=key), steps=self.spin_up, every=self.spin_up).last
        return np.asarray(rollout(dynamics, begin, steps=20 * states, every=20).fields, float)

    def _simulate(self, dynamics: AbstractDynamics, key: PRNGKeyArray) -> tuple[Float[Array, "length 3"], Window]:
        begin, seeing, thinning = jax.random.split(key, 3)
        first = rollout(dynamics, dynamics.start(key=begin), steps=self.spin_up, every=self.spin_up).last
        run = rollout(dynamics, first, steps=self.length - 1, every=1)
        states = jnp.concatenate([first[None], run.fields])
        mask = jnp.asarray(self.schedule)[:, None] & (jax.random.uniform(thinning, states.shape) < self.density)
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
