"""Learning to reconstruct windows from simulated ones."""

import dataclasses
import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..learn import InMemory, MeanSquaredError, fit
from ..observe import AbstractObservation
from ..records import Window
from .learned_solver import LearnedSolver, Networks
from .stencil import AbstractStencil, AlongTime
from .unrolling import AbstractUnrolling, Unrolled


class FourDVarNet(eqx.Module):
    """A variational method whose prior, weights and minimiser are trained end to end for the error of the answer.

    φ and the modulator of the gradient convolve along time, or along time and space, so that windows of any length can
    be reconstructed by one set of weights; the other numbers of a state are channels. See `LearnedSolver` for the
    equations.

    When to use: thousands of windows of one observing network, and simulations to learn from. When not: single windows,
    networks that change; a converged `WeakFourDVar` needs no training. Cost: `steps` times `batch` windows times
    `iterations`, about three times the cost of reconstructing them.

    **Arguments:**
    - `iterations`: of the solver.
    - `hidden`: channels of memory and prior.
    - `where`: to convolve: `AlongTime(offsets)` for states whose numbers are no neighbours, `AlongTimeAndSpace(...)`
      for fields. It should reach the next observations.
    - `steps`, `batch`, `rate`: of training with Adam, the rate falling to zero along a cosine.
    - `average`: decay of the moving average of the weights that is kept.
    - `share`: of the windows for validation, the last ones; weights with the best error there are returned.
    - `patience`: evaluations without progress before training stops, twenty in all.
    - `unrolling`: `Unrolled()`, `OneStep()` or `Implicit(terms)`.

    **Good values:** 6 iterations and some hundred steps on 2000 windows of Lorenz' three variables, observed every 8
    steps of 0.01. After 100 steps of 16 windows its mean squared error on the card `lorenz63_fablet2021`, quick, is
    1.8, that of a converged `WeakFourDVar` 0.19, and 0.20 that of `WeakFourDVar(..., iterations=2, first=solver)`.

    **Fails when:** windows differ from those of training in error, density or model; and with too few windows, which it
    learns by heart.

    Reference: Fablet, Chapron, Drumetz, Mémin, Pannekoucke and Rousseau (2021), doi:10.1029/2021MS002572.
    """

    iterations: int = eqx.field(static=True, default=8)
    hidden: int = eqx.field(static=True, default=24)
    where: AbstractStencil = AlongTime()
    steps: int = eqx.field(static=True, default=1500)
    batch: int = eqx.field(static=True, default=32)
    rate: float = 4e-3
    average: float = 0.99
    share: float = 0.1
    patience: int = 6
    unrolling: AbstractUnrolling = Unrolled()

    def __check_init__(self) -> None:
        if min(self.iterations, self.hidden, self.steps, self.batch) < 1 or not 0.0 < self.share < 1.0:
            raise InputError("Iterations, hidden, steps and batch must be positive and the share between 0 and 1.")

    def fit(
        self,
        windows: Window,
        states: Float[Array, "sample length state"],
        *,
        operator: AbstractObservation,
        key: PRNGKeyArray,
        monitor: Monitor = Monitor(),
    ) -> LearnedSolver:
        """The solver trained on simulated windows.

        **Arguments:**
        - `windows`: with a leading sample axis.
        - `states`: the simulated states at their times.
        - `operator`: what observed them.

        **Raises:** `InputError` for fewer than ten windows, or states of other times.
        """
        count = states.shape[0]
        if count < 10 or states.shape[:2] != windows.times.shape:
            raise InputError(
                f"Training needs at least ten windows with states at all their times; given states of shape "
                f"{states.shape} for windows of shape {windows.times.shape}."
            )
        making, learning = jax.random.split(key)
        mean, scale = jnp.mean(states, axis=(0, 1)), jnp.std(states, axis=(0, 1))
        networks = Networks.of(states.shape[2], self.hidden, self.where, key=making)
        solver = LearnedSolver(networks, self.where, mean, scale, scale**2, self.iterations, self.unrolling)
        held = max(1, round(self.share * count))
        data, valid = (
            jax.tree.map(lambda x, s=s: x[s], (windows, states)) for s in (slice(0, -held), slice(-held, None))
        )
        schedule = optax.cosine_decay_schedule(self.rate, self.steps)
        found = fit(
            Bound(solver, operator),
            MeanSquaredError(weights=1.0 / scale[None] ** 2),
            InMemory(data, self.batch),
            optax.chain(optax.clip_by_global_norm(1.0), optax.adam(schedule)),
            self.steps,
            key=learning,
            valid=valid,
            every=max(1, self.steps // 20),
            patience=self.patience,
            average=warming(self.average),
            trainable=_trainable(Bound(solver, operator)),
            monitor=monitor,
        )
        trained = found.model.solver
        errors = eqx.filter_jit(lambda model, given: jax.vmap(model)(given))(found.model, valid[0]) - valid[1]
        return dataclasses.replace(trained, doubt=jnp.mean(errors**2, axis=(0, 1)))


class Bound(eqx.Module):
    """A solver with its operator: what the one training loop sees."""

    solver: LearnedSolver
    operator: AbstractObservation

    def __call__(self, window: Window, *, key: PRNGKeyArray | None = None) -> Float[Array, "length state"]:
        """The states."""
        del key
        return self.solver.solve(window, self.operator)


@functools.lru_cache  # one function a value: a second training then finds its compiled loop
def warming(decay: float) -> Callable[[Array], Array]:
    """The decay of a moving average that forgets its beginning: (1 + step) / (10 + step), at most `decay`."""

    def rate(step: Array) -> Array:
        return jnp.minimum(decay, (1.0 + step) / (10.0 + step))

    return rate


def _trainable(model: Bound) -> Bound:
    """Only the networks."""
    none = jax.tree.map(lambda _: False, model)
    return eqx.tree_at(lambda m: m.solver.networks, none, jax.tree.map(lambda _: True, model.solver.networks))
