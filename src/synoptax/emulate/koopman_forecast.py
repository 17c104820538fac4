"""A deep Koopman model: linear between an encoder and a decoder, and never growing."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import Decoder, Encoder, FlatPooling, KoopmanOperator, padding_of
from ..learn.objectives import KoopmanError
from ..learn.training import Training
from ..records import Layout, Task
from .latent import AbstractLatentForecast
from .reader import Reader
from .schooling import EXAMPLE, thinned, windows


class _Koopman(eqx.Module):
    """Encoder of normalised pasts, rotations, decoder."""

    encoder: Encoder
    operator: KoopmanOperator
    decoder: Decoder

    def encode(self, past: Float[Array, "history y x channel"]) -> Float[Array, " dimension"]:
        return self.encoder(jnp.concatenate(list(past), axis=-1)).vector

    def decode(self, latent: Float[Array, " dimension"]) -> Float[Array, "y x channel"]:
        return self.decoder(latent)


class _KoopmanModel(AbstractLatentForecast):
    layout: Layout
    reader: Reader
    network: _Koopman
    log: dict[str, np.ndarray]

    def encode(self, past: Float[Array, "history channel y x"]) -> Float[Array, " dimension"]:
        return self.network.encode(self.reader.past(past.reshape(1, -1, *past.shape[2:]))[0])

    def advance(self, latent: Float[Array, " dimension"]) -> Float[Array, " dimension"]:
        return self.network.operator.advance(latent)

    def decode(self, latent: Float[Array, " dimension"]) -> Float[Array, "channel y x"]:
        field = jnp.where(self.reader.there, self.network.decode(latent), 0.0)
        return self.reader.fields_out(field[None])[0]


class KoopmanForecast(AbstractMethod):
    """Fields are encoded once, turned and damped as long as wanted, and decoded: a stable, coherent forecast.

    x(t + nτ) = D Kⁿ E(past),  K of damped rotations, |λ| ≤ 1;  trained on D Kᵏ E for k up to `steps` at once, on D E,
    and for E of later fields to lie where Kᵏ leads. When to use: slow and oscillating parts, very long and cheap runs,
    the coherent part of a generative forecast. When not: chaos beyond its predictability: it fades to the mean. Cost:
    of an encoder and decoder a training step, `steps` + 1 times; a step forward is nearly free.

    **Arguments:**
    - `dimension`: of the latent space, even.
    - `width`, `levels`: channels at full resolution, number of resolutions of encoder and decoder.
    - `steps`: powers of K that are trained.
    - `linearity`: weight of the latent error.
    - `training`: how long and how fast.

    **Good values:** a latent space larger than the attractor's dimension, 8 to 16 steps.

    **Fails when:** the encoder's grid has odd sides and several levels, or what matters grows. Season and static fields
    are not read: what they force has to be seen in the past fields.

    Reference: Lusch, Kutz and Brunton (2018), doi:10.1038/s41467-018-07210-0; the bound on |λ| is ours.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "never_grows"})
    cite: ClassVar[str] = "Lusch, Kutz and Brunton (2018), doi:10.1038/s41467-018-07210-0"

    dimension: int = eqx.field(static=True, default=64)
    width: int = eqx.field(static=True, default=16)
    levels: int = eqx.field(static=True, default=2)
    steps: int = eqx.field(static=True, default=8)
    linearity: float = eqx.field(static=True, default=0.1)
    training: Training = Training()

    @classmethod
    def example(cls) -> "KoopmanForecast":
        return cls(dimension=4, width=4, levels=1, steps=1, training=EXAMPLE)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past.
        """
        place = task.layout.place
        reader = Reader.of(task, who="KoopmanForecast")
        if not isinstance(place, Grid):
            raise InputError("KoopmanForecast forecasts fields on a grid; the task has stations.")
        one, two = jax.random.split(key)
        fitted = self.training.fit(
            self._network(reader, place, key=one),
            KoopmanError(jnp.asarray(place.weights(), task.train.truth.dtype), linearity=self.linearity),
            windows(task.train, reader, self.steps),
            key=two,
            valid=thinned(windows(task.valid, reader, self.steps), 256),
            monitor=monitor,
        )
        return _KoopmanModel(task.layout, reader, fitted.model, fitted.log)

    def _network(self, reader: Reader, place: Grid, *, key: PRNGKeyArray) -> _Koopman:
        first, second, third = jax.random.split(key, 3)
        padding = padding_of(place)
        encoder = Encoder(
            reader.history * reader.outputs,
            place.shape,
            width=self.width,
            levels=self.levels,
            pooling=FlatPooling(self.dimension),
            padding=padding,
            key=first,
        )
        decoder = Decoder(
            self.dimension,
            reader.outputs,
            place.shape,
            width=self.width,
            levels=self.levels,
            padding=padding,
            key=second,
        )
        return _Koopman(encoder, KoopmanOperator(self.dimension, key=third), decoder)
