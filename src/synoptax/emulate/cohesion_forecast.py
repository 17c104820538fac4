"""A whole horizon drawn at once around a coherent forecast."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..dynamics import rollout
from ..fields import Grid
from ..learn.generate import (
    AbstractProcess,
    AbstractSampler,
    Denoiser,
    FlowMatching,
    Heun,
    WindowedDenoiser,
)
from ..learn.method import AbstractDownscaler, AbstractMethod, without_refit
from ..learn.networks import ConditionedUNet, StackedFrames, padding_of
from ..learn.training import Training
from ..records import Layout, Predictors, Samples, Task
from .coherence import AbstractCoherence, LearnedCoherence
from .emulator import Emulator, time_of
from .koopman_forecast import KoopmanForecast
from .latent import LatentEmulator, model
from .linear_inverse import LinearInverse
from .planned import AbstractPlanner, PlannedEmulator
from .reader import Reader
from .schooling import thinned, windows

_NUMBERS = 30_000_000  # of the windows that are trained on
_ROLLED = 256  # coherent forecasts side by side
_STILL = 1e-6  # days a step: the season stands still
Coherent = Emulator | LatentEmulator | PlannedEmulator


class _CohesionModel(AbstractPlanner):
    """What was learned.

    **Arguments:**
    - `coherent`: the coherent forecast as a model whose season stands still within a plan.
    - `errors`: shape (reach + 1, channel): of the coherent forecast on validation times, normalised, zero at first.
    """

    layout: Layout
    reader: Reader
    coherent: Coherent
    denoiser: Denoiser
    errors: Float[Array, "time channel"]
    coherence: AbstractCoherence
    sampler: AbstractSampler
    log: dict[str, np.ndarray]
    order: int = eqx.field(static=True)
    length: int = eqx.field(static=True)
    averaged: int = eqx.field(static=True)

    def plan(
        self, predictors: Predictors, *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "time length channel *place"]:
        if key is not None:
            return _plans(self, predictors.fields[0], predictors.phases, jax.random.split(key, len(predictors)))
        keys = jax.random.split(jax.random.key(0), self.averaged)
        drawn = [self.plan(predictors, key=k) for k in keys]
        return sum(drawn[1:], drawn[0]) / self.averaged


@eqx.filter_jit
def _plans(
    model: _CohesionModel, fields: Array, phases: Array, keys: PRNGKeyArray
) -> Float[Array, "time length channel y x"]:
    reader, learned = model.reader, model.errors.shape[0] - 1
    reach = min(learned, max(model.length, 2 * model.order))  # no more frames than are shown, or than a window holds
    past = reader.past(fields)

    def one(past: Array, phases: Array, key: PRNGKeyArray) -> Array:
        first, second = jax.random.split(key)
        sequence = _sequence(model.coherent, reader, past, phases, reach)
        whole = WindowedDenoiser(model.denoiser, model.order)  # type: ignore[call-arg]  # its process is a property
        steered = model.coherence.steer(whole, sequence, model.errors[: reach + 1])
        white = jax.random.normal(first, sequence.shape, sequence.dtype)
        condition = model.coherence.condition(sequence, learned)
        drawn = model.sampler.sample(steered, white, condition, key=second)
        return reader.fields_out(jnp.where(reader.there, drawn[1 : model.length + 1], 0.0))

    return jax.vmap(one)(past, phases, keys)


def _sequence(
    coherent: Coherent,
    reader: Reader,
    past: Float[Array, "history y x channel"],
    phases: Float[Array, "2"],
    reach: int,
) -> Float[Array, "time y x channel"]:
    """The present and `reach` steps of the coherent forecast, normalised."""
    state = coherent.begin(reader.fields_out(past))
    ahead = reader.fields_in(rollout(coherent, state, steps=reach, start=time_of(phases)).fields)
    return jnp.concatenate([past[-1:], jnp.where(reader.there, ahead, 0.0).astype(past.dtype)])


class CohesionForecast(AbstractMethod):
    """A coherent forecast of the whole horizon first, then one denoising of all its steps around it.

    c_1…c_T = a cheap, stable forecast;  x_1…x_T ~ p(x_0, x_1, …, x_T | x_0, c),  p from a denoiser of windows of
    2k + 1 frames composed in time. Beyond T it starts anew from its last field, so that `length` sets how often.

    When to use: horizons drawn at once, where steps that follow each other would pile up errors; ensembles of whole
    sequences. When not: the next steps alone: `GenerativeForecast` follows chaos longer. Cost: the sampler evaluates
    T + 1 − 2k windows at each level, side by side.

    **Arguments:**
    - `coherent`: the forecast to draw around.
    - `coherence`: how it steers: `LearnedCoherence()` or `ZeroShot()`.
    - `length`: T, steps drawn at once.
    - `order`: k.
    - `process`, `sampler`: how sequences drown in noise and come back.
    - `width`, `levels`: of the network.
    - `averaged`: draws whose mean is the best plan.
    - `training`: how long and how fast the network learns; the coherent forecast has a training of its own.

    **Good values:** k = 2 and T = 4, which one window holds, are best and cheapest on Kuramoto-Sivashinsky. Longer
    plans where the coherent forecast carries further. A `width` above the channels of a window, (2k + 1) times the
    variables: all of them pass through the first layer together.

    **Fails when:** the coherent forecast has faded before T: what is drawn then is of the climate but follows nothing.
    The network is not told of season and time of day; the coherent forecast reads them, as they were when the plan
    began. Its last fit on training and validation times together is left out, so that its errors on validation times
    are those of a forecast; methods that always learn from both, as `GaussianProcess`, are trusted too much.

    Reference: a reconstruction of Cohesion from public summaries only: the coherent forecast, the composed windows and
    both ways to steer are theirs; the errors that weigh the likelihood are estimated here. Windows: see `cite`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "draws", "plans"})
    cite: ClassVar[str] = "Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574"

    coherent: AbstractMethod = KoopmanForecast()
    coherence: AbstractCoherence = LearnedCoherence()
    length: int = eqx.field(static=True, default=4)
    order: int = eqx.field(static=True, default=2)
    process: AbstractProcess = FlowMatching()
    sampler: AbstractSampler = Heun(8)
    width: int = eqx.field(static=True, default=16)
    levels: int = eqx.field(static=True, default=3)
    averaged: int = eqx.field(static=True, default=4)
    training: Training = Training()

    def __check_init__(self) -> None:
        if min(self.length, self.order, self.averaged) < 1:
            raise InputError(
                f"Cohesion needs a length, an order and an average of 1 or more; given {self.length}, {self.order} and "
                f"{self.averaged}."
            )

    @classmethod
    def example(cls) -> "CohesionForecast":
        training = Training(steps=400, every=100, batch=32, rate=5e-3, average=None)
        return cls(LinearInverse.example(), length=2, order=1, sampler=Heun(4), width=16, levels=1, training=training)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """The coherent forecast, then the denoiser through the one loop; checkpoints and resumes likewise.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past, or has no
        unbroken run as long as a window or a plan.
        """
        place, reader = task.layout.place, Reader.of(task, who="CohesionForecast")
        if not isinstance(place, Grid):
            raise InputError("CohesionForecast forecasts fields on a grid; the task has stations.")
        one, two, three, four = jax.random.split(key, 4)
        forecast = without_refit(self.coherent).fit(task, key=one, monitor=monitor.within("coherent"))
        coherent = model(forecast, task.train, dt=_STILL)
        learn, tune = (self._sequences(coherent, reader, s) for s in (task.train, task.valid))
        errors = jnp.sqrt(jnp.nanmean((tune[0] - tune[1]) ** 2, axis=(0, 2, 3)))
        width = 2 * self.order + 1
        network = ConditionedUNet(
            width * reader.outputs,
            conditions=width * self.coherence.extra(reader.outputs),
            width=self.width,
            levels=self.levels,
            padding=padding_of(place),
            key=two,
        )
        fitted = self.training.fit(
            Denoiser(StackedFrames(network), self.process),
            self.coherence.objective(),
            self._cut(*learn, key=three),
            key=four,
            valid=self._cut(*(s[:: max(1, len(s) // 256)] for s in tune), key=three, once=True),
            monitor=monitor,
        )
        return _CohesionModel(
            layout=task.layout,
            reader=reader,
            coherent=coherent,
            denoiser=fitted.model,
            errors=errors,
            coherence=self.coherence,
            sampler=self.sampler,
            log=fitted.log,
            order=self.order,
            length=self.length,
            averaged=self.averaged,
        )

    @property
    def _reach(self) -> int:
        """Steps of a sequence: no fewer than a window holds."""
        return max(self.length, 2 * self.order)

    def _sequences(
        self, coherent: Coherent, reader: Reader, samples: Samples
    ) -> tuple[Float[Array, "start time y x channel"], Float[Array, "start time y x channel"]]:
        """Present and coherent forecast, present and truth, from evenly spaced starts."""
        batch = windows(samples, reader, self._reach)
        past, phases, targets = thinned(batch, max(1, _NUMBERS // int(np.prod(batch[2].shape[1:]))))
        return _coherent(coherent, reader, past, phases[:, 0], self._reach), jnp.concatenate(
            [past[:, -1:], targets], axis=1
        )

    def _cut(
        self,
        known: Float[Array, "start time y x channel"],
        true: Float[Array, "start time y x channel"],
        *,
        key: PRNGKeyArray,
        once: bool = False,
    ) -> tuple[Array | None, Array]:
        """Windows at leads drawn for each start, with what the network is told of them."""
        width, count = 2 * self.order + 1, known.shape[0]
        offsets = self._reach + 1 - width + 1
        each = 1 if once else max(1, min(offsets, _NUMBERS // (width * int(np.prod(known[:, 0].shape)))))
        keys = jax.random.split(key, count)
        at = jax.vmap(lambda k: jax.random.permutation(k, offsets)[:each])(keys).reshape(-1)
        rows = jnp.repeat(jnp.arange(count), each)
        index = at[:, None] + jnp.arange(width)[None]
        told = jax.vmap(lambda s: self.coherence.condition(s, self._reach))(known)
        return (None if told is None else told[rows[:, None], index]), true[rows[:, None], index]


@eqx.filter_jit
def _coherent(
    coherent: Coherent, reader: Reader, past: Array, phases: Array, reach: int
) -> Float[Array, "start time y x channel"]:
    return jax.lax.map(lambda x: _sequence(coherent, reader, x[0], x[1], reach), (past, phases), batch_size=_ROLLED)
