"""An encoder that learned from fields alone, then from forecasts."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import Encoder, FlatPooling, ResNet, padding_of
from ..learn.objectives import AbstractDistance, SquaredDistance
from ..learn.represent import AbstractPretraining, Frames, MaskedAutoencoder
from ..learn.training import Training
from ..records import Task
from .reader import Reader
from .schooling import EXAMPLE, Lesson, NetworkForecast, teach


class _Encoded(eqx.Module):
    """Maps of the encoder for every past field, with the whole stack beside them, to the change."""

    encoder: Encoder
    head: ResNet
    history: int = eqx.field(static=True)

    def __call__(self, stack: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        count = self.encoder.channels
        past = [stack[..., h * count : (h + 1) * count] for h in range(self.history)]
        maps = [self.encoder(field).stacked() for field in past]
        return self.head(jnp.concatenate([*maps, stack], axis=-1), key=key)


class PretrainedForecast(AbstractMethod):
    """Pretrains an encoder on fields without labels, then teaches it with a head to say how the newest field changes.

    With `MaskedAutoencoder` it is the idea of W-MAE, with `DynaMo` representation learning on dynamics; `NoPretraining`
    is the same network without either. When to use: more fields than forecasts to learn from, or many tasks for one
    encoder. When not: all fields are labelled by their own future, as in most records: measure against `NoPretraining`
    first. Cost: of the pretraining, then of the network at full resolution.

    **Arguments:**
    - `pretraining`: how the encoder learns from fields alone.
    - `width`, `levels`, `dimension`: channels, resolutions and pooled size of the encoder.
    - `depth`: residual blocks of the head.
    - `steps`, `distance`, `training`: of the lesson, as for other networks.

    **Good values:** width 16, two levels.

    **Fails when:** sides are odd and there are several levels.

    Reference: Man et al. (2023), W-MAE, doi:10.48550/arXiv.2304.08754; Cui et al. (2024), DynaMo,
    doi:10.48550/arXiv.2409.12192.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets"})
    cite: ClassVar[str] = "Man et al. (2023), doi:10.48550/arXiv.2304.08754"

    pretraining: AbstractPretraining = MaskedAutoencoder()
    width: int = eqx.field(static=True, default=16)
    levels: int = eqx.field(static=True, default=2)
    dimension: int = eqx.field(static=True, default=64)
    depth: int = eqx.field(static=True, default=2)
    steps: int = eqx.field(static=True, default=1)
    distance: AbstractDistance = SquaredDistance()
    training: Training = Training()

    @classmethod
    def example(cls) -> "PretrainedForecast":
        pretraining = MaskedAutoencoder.example()
        return cls(pretraining, width=8, levels=1, dimension=4, depth=1, training=EXAMPLE)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Pretrains on all training fields, labelled or not, then teaches.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past.
        """
        place, reader = task.layout.place, Reader.of(task, who="PretrainedForecast")
        if not isinstance(place, Grid):
            raise InputError("PretrainedForecast forecasts fields on a grid; the task has stations.")
        one, two, three, four = jax.random.split(key, 4)
        padding = padding_of(place)
        encoder = Encoder(
            reader.outputs,
            place.shape,
            width=self.width,
            levels=self.levels,
            pooling=FlatPooling(self.dimension),
            padding=padding,
            key=one,
        )
        trained = self.pretraining.pretrain(
            encoder, frames(task, reader), key=two, monitor=monitor.within("pretrain")
        ).encoder
        inputs = reader.history * encoder.map_channels + reader.inputs
        head = ResNet(inputs, reader.outputs, width=self.width, depth=self.depth, padding=padding, key=three)
        forecast = NetworkForecast(task.layout, reader, _Encoded(trained, head, reader.history), {})
        lesson = Lesson(self.steps, self.distance, self.training)
        return teach(forecast, task, lesson, key=four, monitor=monitor.within("teach"))


def frames(task: Task, reader: Reader) -> Frames:
    """The newest fields of all training times, normalised, gaps at the mean."""
    given = task.train.predictors if task.unlabelled is None else task.unlabelled
    fields = reader.past(given.fields[0])[:, -1]
    return Frames(jnp.where(jnp.isfinite(fields), fields, 0.0), given.segment)
