"""What can be made of one draw of a window problem: states at all steps of the window and of the forecast."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray

from ..assimilate import (
    AbstractAnalysis,
    AbstractEnsembleFilter,
    AbstractReconstruction,
    AbstractSearch,
    FourDVar,
    WindowFourDVar,
    cycle,
)
from ..assimilate.cost import Cost
from ..core import InputError
from ..dynamics import rollout
from ..observe import Dense
from ..problems import AbstractWindowProblem, WindowTwin
from ..records import Gaussian, Observations, Window

Run = Float[Array, "step state"]
_STATIC = 1e-3  # of the climatological covariance in the background that a filter hands over


class AbstractApproach(eqx.Module):
    """A method with all that it is told, on one draw; batches go through `jax.vmap`."""

    @abc.abstractmethod
    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """The states from the window's beginning to the end of the forecast; `twin.truth` gives its shape only."""


class Constant(AbstractApproach):
    """One state for ever: a climatology, or a fixed point."""

    state: Float[Array, " state"]

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """The same at all steps."""
        return jnp.broadcast_to(self.state[None], (problem.steps + 1, self.state.size))


class Independent(AbstractApproach):
    """OI with a background covariance that is diagonal in time and state: what is not observed stays at zero."""

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """Observations times their weight, zero elsewhere; then the model from the last state."""
        weight = problem.doubt**2 / (problem.doubt**2 + problem.error**2)
        zero = twin.prior.mean
        _, spread = jax.vjp(lambda x: problem.operator.apply(x, jnp.zeros(())), zero)
        seen = weight * jax.vmap(lambda y: spread(y)[0])(twin.window.values)
        states = jnp.zeros((problem.window_steps + 1, zero.size)).at[:: problem.every].set(seen)
        return _ahead(states, states[-1], problem)


class Linear(AbstractApproach):
    """OI of the whole run at once: the best linear estimate from the window's observations, model-free.

    x = m + C Hᵀ (H C Hᵀ + R)⁻¹ (y − H m), C the covariance of all numbers of window and forecast in space and time.

    **Arguments:**
    - `mean`: shape (step, state).
    - `gain`: shape (step × state, obs), for the observations of all times in a row.
    - `expected`: shape (obs,), their means.
    """

    mean: Run
    gain: Float[Array, "number obs"]
    expected: Float[Array, " obs"]

    @classmethod
    def of(cls, problem: AbstractWindowProblem, count: int, *, key: PRNGKeyArray) -> "Linear":
        """From `count` simulated runs of the problem; keys of their own."""
        drawn = jax.jit(lambda keys: jax.vmap(problem.draw)(keys).truth)(jax.random.split(key, count))
        seen = drawn[:, : problem.window_steps + 1 : problem.every]
        zero = jnp.zeros(())
        perfect = jax.vmap(jax.vmap(lambda x: problem.operator.apply(x, zero)))(seen)
        runs, obs = (np.asarray(a, np.float64).reshape(count, -1) for a in (drawn, perfect))
        mean, expected = runs.mean(axis=0), obs.mean(axis=0)
        apart = (obs - expected) / np.sqrt(count - 1.0)
        inner = apart.T @ apart + np.diag(np.tile(problem.operator.error(zero).variances(), problem.times))
        gain = np.linalg.solve(inner, apart.T @ ((runs - mean) / np.sqrt(count - 1.0))).T
        return cls(jnp.asarray(mean.reshape(drawn.shape[1:])), jnp.asarray(gain), jnp.asarray(expected))

    def cut(self, steps: int) -> "Linear":
        """The same for a shorter forecast."""
        kept = (steps + 1) * self.mean.shape[1]
        return Linear(self.mean[: steps + 1], self.gain[:kept], self.expected)

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """One product."""
        return self.mean + (self.gain @ (twin.window.values.reshape(-1) - self.expected)).reshape(self.mean.shape)


class Strong(AbstractApproach):
    """4DVar of the one window: the state at its beginning that fits it, then the model through window and forecast.

    **Arguments:**
    - `search`, `stages`: as those of `FourDVar`.
    - `prior`: the background; None takes the published one, zero.
    - `guess`: where the search begins; None takes the interpolated observations.
    """

    search: AbstractSearch
    stages: tuple[int, ...] = eqx.field(static=True, default=())
    prior: Gaussian | None = None
    guess: Float[Array, " state"] | None = None

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """The trajectory of the minimum."""
        prior = twin.prior if self.prior is None else self.prior
        dynamics, operator = problem.dynamics, problem.operator
        if self.guess is None:
            method = WindowFourDVar(self.stages, self.search)
            whole = method.reconstruct(twin.window, prior=prior, dynamics=dynamics, operator=operator, key=key)
            return _trajectory(whole.states.mean[0], problem)
        every = jnp.ones(problem.times, bool)
        cost = Cost(prior.mean, prior.covariance, twin.window, every, dynamics, operator)
        found = FourDVar(problem.times, search=self.search, stages=self.stages).fit(cost, self.guess)
        return _trajectory(cost.state(found.control), problem)


class Whole(AbstractApproach):
    """A reconstruction of the states at all steps of the window, then the model from the last.

    **Arguments:**
    - `prior`: as that of `Strong`.
    """

    method: AbstractReconstruction
    prior: Gaussian | None = None

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """On a window that lists every step of the model."""
        found = self.method.reconstruct(
            every_step(twin.window, problem),
            prior=twin.prior if self.prior is None else self.prior,
            dynamics=problem.dynamics,
            operator=problem.operator,
            key=key,
        )
        return _ahead(found.states.mean, found.states.mean[-1], problem)


class Record(AbstractApproach):
    """A reconstruction of past and window together, from the climatology on; the model joins its times.

    **Arguments:**
    - `method`: such as `Cycled(ETKF(...))` or `WindowEnKS(...)`.
    - `climate`: the belief before the past.
    """

    method: AbstractReconstruction
    climate: Gaussian

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """The estimates at the times of the window, each carried to the next."""
        record = _record(twin, problem)
        count = len(record.times)
        window = Window(
            values=record.values,
            mask=record.mask,
            times=record.times,
            start=record.start,
            active=jnp.ones(count, bool),
            index=jnp.asarray(count - 1),
            steps=record.steps,
        )
        found = self.method.reconstruct(
            window, prior=self.climate, dynamics=problem.dynamics, operator=problem.operator, key=key
        )
        kept = found.states.mean[-problem.times :]

        def between(state: Array) -> Run:
            run = rollout(problem.dynamics, state, steps=problem.every, every=1)
            return jnp.concatenate([state[None], run.fields[:-1]])

        states = jax.vmap(between)(kept[:-1]).reshape(problem.window_steps, -1)
        return _ahead(jnp.concatenate([states, kept[-1:]]), kept[-1], problem)


class Smoothed(AbstractApproach):
    """A smoother cycled through past and window whose lag is the window's: the model from its last smoothed state.

    **Arguments:**
    - `method`: of a length equal to the times of the window.
    - `climate`: the belief before the past.
    - `filter`: takes the past up to its last `late` times and hands its members over; None begins with the smoother.
    - `late`: times of the past that the smoother takes after a filter.
    """

    method: AbstractAnalysis
    climate: Gaussian
    filter: AbstractEnsembleFilter | None = None
    late: int = eqx.field(static=True, default=0)

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """The smoothed state begins the window, the analysis at the newest time the forecast."""
        record, prior = _record(twin, problem), self.climate
        if self.filter is not None:
            cut = problem.past - self.late
            prior = _handed(self.filter, _part(record, 0, cut), prior, problem, key=jax.random.fold_in(key, 1))
            record = _part(record, cut, len(record))
        track = cycle(
            self.method, problem.dynamics, operator=problem.operator, observations=record, prior=prior, key=key
        )
        states = _trajectory(track.smoothed.mean[-1], problem)[: problem.window_steps + 1]
        return _ahead(states, track.analysis.mean[-1], problem)


class Handed(AbstractApproach):
    """An ensemble filter through the past; its members are the background of one 4DVar of the window.

    **Arguments:**
    - `filter`: its members and a little of the climatological covariance give B.
    - `method`: a 4DVar of as many times as the window has.
    - `climate`: the belief before the past.
    """

    filter: AbstractEnsembleFilter
    method: FourDVar
    climate: Gaussian

    def run(self, twin: WindowTwin, problem: AbstractWindowProblem, *, key: PRNGKeyArray) -> Run:
        """One update of the 4DVar from the filter's last belief."""
        past, window = _past(twin), twin.window
        prior = _handed(self.filter, past, self.climate, problem, key=key)
        begun = eqx.tree_at(lambda w: (w.start, w.active), window, (past.times[-1], jnp.ones_like(window.active)))
        belief = self.method.start(prior, key=key)
        found = self.method.update(belief, begun, problem.dynamics, problem.operator, key=key)
        return _trajectory(found.smoothed.mean, problem)


def every_step(window: Window, problem: AbstractWindowProblem) -> Window:
    """The same observations in a window that lists every step of the model."""
    step = jnp.arange(problem.window_steps + 1)
    seen = (step % problem.every == 0)[:, None]
    values = jnp.where(seen, jnp.repeat(window.values, problem.every, axis=0)[: step.size], 0.0)
    return Window(
        values=values,
        mask=jnp.broadcast_to(seen, values.shape),
        times=problem.dynamics.dt * step,
        start=window.start,
        active=step > 0,
        index=window.index,
        steps=1,
    )


def _trajectory(first: Float[Array, " state"], problem: AbstractWindowProblem) -> Run:
    return jnp.concatenate([first[None], rollout(problem.dynamics, first, steps=problem.steps, every=1).fields])


def _ahead(states: Run, last: Float[Array, " state"], problem: AbstractWindowProblem) -> Run:
    """The states of the window, then the model from `last`."""
    run = rollout(problem.dynamics, last, steps=problem.steps - problem.window_steps, every=1)
    return jnp.concatenate([states, run.fields])


def _past(twin: WindowTwin) -> Observations:
    if twin.past is None:
        raise InputError("This approach cycles and the draw has no past; give the problem a `past` of many times.")
    return twin.past


def _record(twin: WindowTwin, problem: AbstractWindowProblem) -> Observations:
    """Past and window as one record."""
    past = _past(twin)
    values = jnp.concatenate([past.values, twin.window.values])
    return Observations(values, jnp.concatenate([past.times, twin.window.times]), past.start, problem.every)


def _part(record: Observations, first: int, last: int) -> Observations:
    """Some times of a record."""
    start = record.times[first - 1] if first else record.start
    return Observations(record.values[first:last], record.times[first:last], start, record.steps)


def _handed(
    filter: AbstractEnsembleFilter,
    record: Observations,
    climate: Gaussian,
    problem: AbstractWindowProblem,
    *,
    key: PRNGKeyArray,
) -> Gaussian:
    """What the members of a filter say at the end of a record: B = P + s C, P their covariance, C the climatological.

    The little s of C gives B full rank when the members are few.
    """
    track = cycle(filter, problem.dynamics, operator=problem.operator, observations=record, prior=climate, key=key)
    members = jax.vmap(lambda m: ravel_pytree(m)[0])(track.last.members)
    mean = jnp.mean(members, axis=0)
    root = (members - mean[None]) / np.sqrt(members.shape[0] - 1.0)
    static = climate.covariance.dense().astype(root.dtype)
    return Gaussian(mean, Dense(jnp.linalg.cholesky(root.T @ root + _STATIC * static)))
