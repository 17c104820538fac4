"""Learning the posterior of windows from simulated ones, without any solver."""

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..learn import InMemory, fit
from ..learn.heads import Gaussian as GaussianHead
from ..learn.objectives import NegativeLogLikelihood
from ..observe import AbstractObservation
from ..records import Window
from .amortized_reconstruction import AmortizedReconstruction, Tower, inputs, pooled
from .fourdvarnet import warming
from .stencil import AbstractStencil, AlongTime


class AmortizedPosterior(eqx.Module):
    """Networks that map a window to mean and variance of its states, trained by Gaussian likelihood on simulations.

    Minimises −Σ log N(x; μ(window), σ²(window)); several networks from different starts are pooled, and mean and
    variance recalibrated on validation windows. See `AmortizedReconstruction`.

    When to use: answers in no time, variances without an ensemble. When not: best scores; a solver that may return to
    the observations, `FourDVarNet`, makes more of them. Cost: `members` times `steps` passes over `batch` windows.

    **Arguments:**
    - `members`: networks.
    - `hidden`, `blocks`, `where`: channels and residual blocks of their convolutions, and where these read.
    - `steps`, `batch`, `rate`, `average`, `share`, `patience`: as in `FourDVarNet`; the validation windows are those
      of the recalibration, too.

    **Good values:** long trainings; after 100 steps it has a mean squared error of 4.3 on the card
    `lorenz63_fablet2021`, quick, and the best linear estimate 2.4.

    **Fails when:** windows differ from those of training in error, density or model.

    Reference: Lakshminarayanan, Pritzel and Blundell (2017), arXiv:1612.01474.
    """

    members: int = eqx.field(static=True, default=3)
    hidden: int = eqx.field(static=True, default=48)
    blocks: int = eqx.field(static=True, default=3)
    where: AbstractStencil = AlongTime()
    steps: int = eqx.field(static=True, default=800)
    batch: int = eqx.field(static=True, default=32)
    rate: float = 3e-3
    average: float = 0.99
    share: float = 0.1
    patience: int = 6

    def __check_init__(self) -> None:
        if min(self.members, self.hidden, self.blocks, self.steps, self.batch) < 1 or not 0.0 < self.share < 1.0:
            raise InputError("Members, hidden, blocks, steps and batch must be positive and the share between 0 and 1.")

    def fit(
        self,
        windows: Window,
        states: Float[Array, "sample length state"],
        *,
        operator: AbstractObservation,
        key: PRNGKeyArray,
        monitor: Monitor = Monitor(),
    ) -> AmortizedReconstruction:
        """The ensemble trained on simulated windows.

        **Arguments:**
        - `windows`: with a leading sample axis.
        - `states`: the simulated states at their times.
        - `operator`: what observed them.

        **Raises:** `InputError` for fewer than ten windows, or states of other times.
        """
        count, size = states.shape[0], states.shape[2]
        if count < 10 or states.shape[:2] != windows.times.shape:
            raise InputError(
                f"Training needs at least ten windows with states at all their times; given states of shape "
                f"{states.shape} for windows of shape {windows.times.shape}."
            )
        making, learning = jax.random.split(key)
        mean, scale = jnp.mean(states, axis=(0, 1)), jnp.std(states, axis=(0, 1))
        given = eqx.filter_jit(jax.vmap(lambda w: inputs(w, operator, mean, scale)))(windows)
        wanted = (states - mean[None, None]) / scale[None, None]
        held = max(1, round(self.share * count))
        keys = jax.random.split(making, self.members)
        found = fit(
            eqx.filter_vmap(lambda k: Tower.of(size, self.hidden, self.blocks, self.where, key=k))(keys),
            NegativeLogLikelihood(GaussianHead()),
            InMemory((given[:-held], wanted[:-held]), self.batch),
            optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(self.rate, self.steps))),
            self.steps,
            key=learning,
            valid=(given[-held:], wanted[-held:]),
            every=max(1, self.steps // 20),
            patience=self.patience,
            average=warming(self.average),
            members=self.members,
            monitor=monitor,
        )
        guess, doubt = eqx.filter_jit(jax.vmap(lambda x: pooled(found.model, x)))(given[-held:])
        return AmortizedReconstruction(found.model, mean, scale, *_recalibrated(guess, doubt, wanted[-held:]))


def _recalibrated(guess: Array, doubt: Array, wanted: Array) -> tuple[Array, Array, Array]:
    """a, b and s, number by number: a straight line by least squares, and the mean squared standardised error."""
    axes = (0, 1)
    middle, target = jnp.mean(guess, axis=axes, keepdims=True), jnp.mean(wanted, axis=axes, keepdims=True)
    slope = jnp.mean((guess - middle) * (wanted - target), axis=axes) / jnp.maximum(jnp.var(guess, axis=axes), 1e-12)
    shift = target[0, 0] - slope * middle[0, 0]
    error = shift[None, None] + slope[None, None] * guess - wanted
    return shift, slope, jnp.mean(error**2 / doubt, axis=axes)
