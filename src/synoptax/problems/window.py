"""What every problem of one window shares: a truth, observations of a window and of what came before, a forecast."""

import abc
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError
from ..dynamics import Stepped, rollout
from ..observe import AbstractObservation, Diagonal
from ..records import Gaussian, Observations, Window
from .twin import climatology


class AbstractStart(eqx.Module):
    """Where the truth begins."""

    @abc.abstractmethod
    def draw(self, dynamics: Stepped, rest: Float[Array, " state"], *, key: PRNGKeyArray) -> Float[Array, " state"]:
        """A state to begin with; `rest` is the steady state that published draws begin near."""


class NearFixedPoint(AbstractStart):
    """As published: a steady state plus noise, then so many steps.

    On Lorenz-63 the instability of C+ grows by e in 11 time units, so that after ten the truth has not left it. The
    others leave theirs within a few.
    """

    noise: float = 0.01
    steps: int = eqx.field(static=True, default=1000)

    def draw(self, dynamics: Stepped, rest: Float[Array, " state"], *, key: PRNGKeyArray) -> Float[Array, " state"]:
        """The same draw from the same key as the source's."""
        begin = rest + self.noise * jax.random.normal(key, rest.shape)
        return rollout(dynamics, begin, steps=self.steps, every=self.steps).last


class OnAttractor(AbstractStart):
    """Repaired: from a random state so many steps, long enough for every draw to reach the attractor."""

    steps: int = eqx.field(static=True, default=10_000)

    def draw(self, dynamics: Stepped, rest: Float[Array, " state"], *, key: PRNGKeyArray) -> Float[Array, " state"]:
        """A state of the attractor."""
        del rest
        return rollout(dynamics, dynamics.start(key=key), steps=self.steps, every=self.steps).last


class WindowTwin(eqx.Module):
    """One draw.

    **Arguments:**
    - `truth`: shape (step, state), from the window's beginning on. Only `verify` reads it.
    - `window`: its observations.
    - `prior`: the background at its beginning.
    - `past`: the observations before the window, up to one interval before it, or None.
    """

    truth: Float[Array, "step state"]
    window: Window
    prior: Gaussian
    past: Observations | None = None


class AbstractWindowProblem(eqx.Module):
    """Observations of one window, the first at time zero; then the analysis runs free. Fields are settings.

    Truth and model are the same. The background is zero, as published. Class-level facts: `every` (model steps between
    times of observation), `error` and `doubt` (standard deviations of observations and background), `bound` (half the
    climatological standard deviation of the numbers whose forecast is followed: where predictability ends), `lost`
    (window RMSE of an analysis that does not follow the truth), `parts` (name to the numbers scored apart; the first of
    them, if any, are those whose forecast is followed), `cite`.

    **Arguments:**
    - `start`: `NearFixedPoint(...)` is the published problem, `OnAttractor(...)` the repaired one.
    - `times`: of observation in the window.
    - `steps`: model steps in all, window and free forecast.
    - `past`: times of observation before the window, for methods that cycle; 0 is the published problem.
    """

    start: eqx.AbstractVar[AbstractStart]
    times: eqx.AbstractVar[int]
    steps: eqx.AbstractVar[int]
    past: eqx.AbstractVar[int]
    every: eqx.AbstractClassVar[int]
    error: eqx.AbstractClassVar[float]
    doubt: eqx.AbstractClassVar[float]
    bound: eqx.AbstractClassVar[float]
    lost: eqx.AbstractClassVar[float]
    parts: eqx.AbstractClassVar[Mapping[str, slice]]
    cite: eqx.AbstractClassVar[str]

    def __check_init__(self) -> None:
        if self.times < 2 or self.past < 0 or self.steps < self.window_steps:
            raise InputError(
                f"A window of {self.times} times needs at least two and {self.window_steps} steps, and no negative "
                f"past; given {self.steps} steps and a past of {self.past}."
            )

    @property
    @abc.abstractmethod
    def dynamics(self) -> Stepped:
        """Truth and model."""

    @property
    @abc.abstractmethod
    def operator(self) -> AbstractObservation:
        """The network and its errors."""

    @property
    @abc.abstractmethod
    def rest(self) -> Float[Array, " state"]:
        """The steady state that published draws begin near."""

    @property
    def window_steps(self) -> int:
        """Model steps from the first to the last observation of the window."""
        return self.every * (self.times - 1)

    @property
    def interval(self) -> float:
        """Time between observations."""
        return self.every * self.dynamics.dt

    def draw(self, key: PRNGKeyArray) -> WindowTwin:
        """One problem; with the default start and the source's key the published one. Batches go through `jax.vmap`."""
        moving, seeing = jax.random.split(key)
        first = self.start.draw(self.dynamics, self.rest, key=moving)
        before = None
        if self.past:
            first, before = self._before(first, key=jax.random.fold_in(seeing, 1))
        truth = jnp.concatenate([first[None], rollout(self.dynamics, first, steps=self.steps, every=1).fields])
        near = truth[: self.window_steps + 1]
        noisy = near + self.error * jax.random.normal(seeing, near.shape)  # at all steps and numbers, as the source
        values = jax.vmap(lambda x: self.operator.apply(x, jnp.zeros(())))(noisy[:: self.every])
        times = self.interval * jnp.arange(self.times)
        window = Window(
            values=values,
            mask=jnp.ones(values.shape, bool),
            times=times,
            start=times[0],
            active=jnp.arange(self.times) > 0,
            index=jnp.asarray(0),
            steps=self.every,
        )
        prior = Gaussian(jnp.zeros_like(first), Diagonal(jnp.full(first.shape, self.doubt**2)))
        return WindowTwin(truth, window, prior, before)

    def climate(self, *, states: int = 4000) -> Gaussian:
        """Mean and covariance of the attractor, from a run that is none of the draws."""
        return climatology(self.dynamics, spin_up=10_000, states=states, every=4 * self.every)

    def _before(self, begin: Float[Array, " state"], *, key: PRNGKeyArray) -> tuple[Array, Observations]:
        """The truth at the window's beginning, and what was observed until one interval before."""
        count = self.past
        run = rollout(self.dynamics, begin, steps=self.every * (count + 1), every=self.every)
        keys = jax.random.split(key, count)
        zero = jnp.zeros(())
        values = jax.vmap(lambda x, k: self.operator.sample(x, zero, key=k))(run.fields[:-1], keys)
        times = self.interval * (jnp.arange(count + 1) - count - 1.0)
        return run.last, Observations(values, times[1:], times[0], self.every)
