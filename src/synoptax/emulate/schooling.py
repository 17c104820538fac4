"""What all trained emulators share: windows of steps, the one training loop, and the forecast that comes out."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Monitor
from ..fields import Grid
from ..learn import Training
from ..learn.chunks import Inputs, in_chunks
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..learn.objectives import AbstractDistance, AbstractObjective, LearnedDistance, NoisyPast, RolloutError, beside
from ..records import Layout, Predictors, Samples, Task
from .reader import Reader

NETWORK_CLAIMS = frozenset({"saves_and_loads", "ignores_missing_targets", "starts_as_persistence"})
EXAMPLE = Training(steps=150, every=50, batch=16, rate=1e-2, average=None)  # of examples, on the wave


class Lesson(eqx.Module):
    """What a network is trained for and how long.

    **Arguments:**
    - `steps`: steps of the forecast that are compared with the truth, each from the one before; 1 is the plain
      one-step error.
    - `distance`: of a forecast field from the true one.
    - `training`: how long and how fast.
    - `noise`: standard deviation of white noise on the past, in those of each variable.
    """

    steps: int
    distance: AbstractDistance
    training: Training
    noise: float = 0.0

    def __check_init__(self) -> None:
        if self.steps < 1:
            raise InputError(f"A lesson compares one step or more with the truth; given steps={self.steps}.")


class NetworkForecast(AbstractDeterministic):
    """A network that says how the newest field changes; the season is read off the phases."""

    layout: Layout
    reader: Reader
    network: PyTree
    log: dict[str, np.ndarray]

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """One step."""
        y, x = self.layout.place.shape
        rows = in_chunks(lambda inputs: _advance(self.reader, self.network, inputs), predictors)
        return self.reader.fields_out(rows.reshape(len(predictors), y, x, -1))


@eqx.filter_jit
def _advance(reader: Reader, network: PyTree, inputs: Inputs) -> Float[Array, "time cell"]:
    fields, phases = inputs
    new = jax.vmap(lambda past, phase: reader.advance(network, past, phase))(reader.past(fields[0]), phases)
    return new.reshape(new.shape[0], -1)


class AbstractNetworkForecast(AbstractMethod):
    """A method whose forecast is a network taught by one lesson; a final class says which network.

    Fields of every such method: `steps` (of the forecast that training compares with the truth, each from the one
    before), `distance` (of a forecast field from the true one), `training` (how long and how fast).
    """

    steps: eqx.AbstractVar[int]
    distance: eqx.AbstractVar[AbstractDistance]
    training: eqx.AbstractVar[Training]

    @abc.abstractmethod
    def build(self, reader: Reader, place: Grid, *, key: PRNGKeyArray) -> PyTree:
        """A new network from fields (y, x, inputs) to fields (y, x, outputs), small at first.

        **Raises:** `InputError` when the grid or the channels do not suit the network.
        """

    @property
    def lesson(self) -> Lesson:
        """What `fit` teaches."""
        return Lesson(self.steps, self.distance, self.training)

    def fresh(self, task: Task, *, key: PRNGKeyArray) -> NetworkForecast:
        """Before it has learned anything: nearly persistence."""
        reader = Reader.of(task, who=type(self).__name__)
        network = self.build(reader, task.layout.place, key=key)
        return NetworkForecast(task.layout, reader, network, {})

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past.
        """
        first, second = jax.random.split(key)
        return teach(self.fresh(task, key=first), task, self.lesson, key=second, monitor=monitor)


def teach(
    forecast: NetworkForecast, task: Task, lesson: Lesson, *, key: PRNGKeyArray, monitor: Monitor
) -> NetworkForecast:
    """A network taught on; the weights with the best validation error are kept."""
    reader, place = forecast.reader, task.layout.place
    if not isinstance(place, Grid):
        raise InputError("An emulator is taught on fields of a grid; the task has stations.")
    weights = jnp.asarray(place.weights(), task.train.truth.dtype)
    error: AbstractObjective = LearnedDistance(RolloutError(reader, lesson.distance, weights))
    if lesson.noise:
        error = NoisyPast(error, lesson.noise * reader.there)
    fitted = lesson.training.fit(
        (forecast.network, beside(lesson.distance)),
        error,
        windows(task.train, reader, lesson.steps),
        key=key,
        valid=thinned(windows(task.valid, reader, lesson.steps), 256),
        monitor=monitor,
    )
    return NetworkForecast(forecast.layout, reader, fitted.model[0], fitted.log)


def windows(samples: Samples, reader: Reader, steps: int) -> tuple[Array, Array, Array]:
    """Pasts without gaps, phases and the true fields of the `steps` steps after each, inside unbroken runs of times.

    **Raises:** `InputError` when no run is long enough, or when a target is not the newest field of the next sample.
    """
    past, truth = reader.past(samples.predictors.fields[0]), reader.fields_in(samples.truth)
    count, segment = len(samples), np.asarray(samples.predictors.segment)
    starts = np.arange(count - steps + 1)
    whole = np.isfinite(np.asarray(past)).all(axis=tuple(range(1, past.ndim)))
    starts = starts[(segment[starts] == segment[starts + steps - 1]) & whole[starts]]
    if starts.size == 0:
        raise InputError(
            f"No unbroken run of times without gaps holds a forecast of {steps} steps; train on fewer steps or on "
            "longer runs."
        )
    if steps > 1:
        _check_step(past, truth, starts)
    rows = starts[:, None] + np.arange(steps)
    return past[starts], samples.predictors.phases[rows], truth[rows]


def _check_step(past: Array, truth: Array, starts: np.ndarray) -> None:
    target, newest = np.asarray(truth[starts[0]]), np.asarray(past[starts[0] + 1, -1])
    known = np.isfinite(target)
    if not np.allclose(target[known], newest[known], atol=1e-4):
        raise InputError(
            "Training on several steps needs a task whose lead is the spacing of its times: the target of one sample "
            "must be the newest field of the next. Make the task with lead 1, or train on one step."
        )


def thinned(batch: tuple[Array, Array, Array], most: int) -> tuple[Array, Array, Array]:
    """At most so many windows, evenly spaced."""
    count = batch[0].shape[0]
    at = np.unique(np.linspace(0, count - 1, min(most, count)).astype(int))
    return batch[0][at], batch[1][at], batch[2][at]
