"""DynaMo's forward model as an emulator."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid
from ..learn import Fitted, MeanSquaredError
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import Decoder, Encoder, Encoding, FlatPooling, padding_of
from ..learn.represent import AbstractLatent, AbstractPrediction, DynaMo, NoLatent, Recipe
from ..learn.represent.dynamo import Dynamics
from ..learn.training import Training
from ..records import Layout, Task
from .latent import AbstractLatentForecast
from .pretrained_forecast import frames
from .reader import Reader
from .schooling import EXAMPLE, windows


def _on_sphere(vector: Float[Array, " dimension"]) -> Float[Array, " dimension"]:
    """The vector at length √dimension, so that its numbers are about one."""
    square = jnp.mean(vector**2)
    return vector / jnp.sqrt(jnp.maximum(square, jnp.finfo(vector.dtype).tiny))


class _OnSphere(eqx.Module):
    """An encoder whose vectors differ in direction alone: a cosine then says all there is to say about them."""

    encoder: Encoder

    @property
    def dimension(self) -> int:
        return self.encoder.dimension

    def __call__(self, field: Float[Array, "y x channel"]) -> Encoding:
        found = self.encoder(field)
        return Encoding(found.maps, _on_sphere(found.vector))


class _Scale(eqx.Module):
    """Numbers that vary about their mean by one: states lie in a narrow cone, where networks see next to nothing."""

    mean: Float[Array, " number"]
    std: Float[Array, " number"]

    @classmethod
    def of(cls, rows: Float[Array, "row number"]) -> "_Scale":
        std = jnp.std(rows, axis=0)
        return cls(jnp.mean(rows, axis=0), jnp.where(std > 0, std, 1.0))

    def forward(self, rows: Float[Array, "row number"]) -> Float[Array, "row number"]:
        return (rows - self.mean[None]) / self.std[None]

    def inverse(self, rows: Float[Array, "row number"]) -> Float[Array, "row number"]:
        return self.mean[None] + self.std[None] * rows


class _Layers(eqx.Module):
    first: eqx.nn.Linear
    second: eqx.nn.Linear

    def __call__(self, states: Float[Array, " states"], *, key: PRNGKeyArray | None = None) -> Float[Array, " latent"]:
        del key
        return self.second(jax.nn.gelu(self.first(states)))


class _Guess(eqx.Module):
    """r: the latent of the step to come from the states that have been."""

    given: _Scale
    layers: _Layers
    answer: _Scale

    def __call__(self, states: Float[Array, "history dimension"]) -> Float[Array, "1 latent"]:
        return self.answer.inverse(self.layers(self.given.forward(states).reshape(-1))[None])


class _Stepper(eqx.Module):
    """The trained dynamics model on the states of the past, one after the other in one vector."""

    dynamics: Dynamics
    latent: AbstractLatent
    prediction: AbstractPrediction
    guess: _Guess | None

    def encode(self, past: Float[Array, "history y x channel"]) -> Float[Array, "history dimension"]:
        return jax.vmap(lambda field: self.dynamics.encoder(field).vector)(past)

    def latents(self, states: Float[Array, "length dimension"]) -> Float[Array, "length latent"]:
        return self.latent.read(self.dynamics, self.dynamics, states[None])[0]

    def advance(self, states: Float[Array, "history dimension"]) -> Float[Array, "history dimension"]:
        """The latents of transitions that have been are read, that of the one to come is guessed."""
        latents = self.latents(states)
        coming = latents[:1] if self.guess is None else self.guess(states)
        longer = jnp.concatenate([states, states[-1:]])  # the last is not read: it stands for the state to come
        tokens = self.prediction.tokens(longer[None], jnp.concatenate([latents, coming])[None])[0]
        new = _on_sphere(self.dynamics.forward(tokens)[-1])
        return jnp.concatenate([states[1:], new[None]])


class _Drawing(eqx.Module):
    decoder: Decoder

    def __call__(self, state: Float[Array, " dimension"], *, key: PRNGKeyArray | None = None) -> Array:
        del key
        return self.decoder(state)


class _DynaMoModel(AbstractLatentForecast):
    layout: Layout
    reader: Reader
    stepper: _Stepper
    scale: _Scale
    drawing: _Drawing
    log: dict[str, np.ndarray]

    def encode(self, past: Float[Array, "history channel y x"]) -> Float[Array, " dimension"]:
        return self.stepper.encode(self.reader.past(past.reshape(1, -1, *past.shape[2:]))[0]).reshape(-1)

    def advance(self, latent: Float[Array, " dimension"]) -> Float[Array, " dimension"]:
        return self.stepper.advance(self._states(latent)).reshape(-1)

    def decode(self, latent: Float[Array, " dimension"]) -> Float[Array, "channel y x"]:
        state = self.scale.forward(self._states(latent)[-1:])[0]
        field = jnp.where(self.reader.there, self.drawing(state), 0.0)
        return self.reader.fields_out(field[None])[0]

    def _states(self, latent: Float[Array, " dimension"]) -> Float[Array, "history dimension"]:
        return latent.reshape(self.reader.history, -1)


_Seen = tuple[Array, Array, Array, Array]
_PIECE = 256  # times


class DynaMoForecast(AbstractMethod):
    """States learned without labels are moved on by the forward model they were learned with, and drawn as fields.

    s = √d f(x) / |f(x)|;  ŝ(t + τ) = p(s, z, ẑ),  ẑ = r(s): DynaMo trains f, p and the inverse model q on fields
    alone; then, with these frozen, a small network r learns the latent of the step to come, which q would read off a
    future that a forecast does not have, and a decoder learns fields from states, encoded and predicted by one step.

    When to use: to see how much of the dynamics such a pretraining has learned; very many fields, few of them worth
    decoding. When not: for the best forecast, which networks taught on fields give. Cost: of the pretraining and of a
    decoder; a step forward is a small transformer's.

    **Arguments:**
    - `pretraining`: its frames must be one step apart and its window longer than the past. `NoLatent()` needs no r.
    - `dimension`: of a state; `width`, `levels`: of encoder and decoder.
    - `training`: of r and of the decoder, each.

    **Good values:** `NoLatent()` where the system is deterministic and the past tells its state; none that makes good
    forecasts is known: on Kuramoto-Sivashinsky one step was worse than persistence.

    **Fails when:** states crowd together, which a cosine does not mind: what they no longer hold cannot be drawn.
    Nothing in the loss asks for more than one step, and errors of directions add up. Season and static fields are not
    read.

    Reference: a reconstruction. Cui, Pan, Iyer, Haldar and Pinto (2024), doi:10.48550/arXiv.2409.12192, keep the
    encoder and throw the forward model away; states of one length, r and the decoder are ours.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets"})
    cite: ClassVar[str] = "Cui, Pan, Iyer, Haldar and Pinto (2024), doi:10.48550/arXiv.2409.12192"

    pretraining: DynaMo = DynaMo()
    dimension: int = eqx.field(static=True, default=64)
    width: int = eqx.field(static=True, default=16)
    levels: int = eqx.field(static=True, default=2)
    training: Training = Training()

    @classmethod
    def example(cls) -> "DynaMoForecast":
        recipe = Recipe(steps=100, batch=16, every=50, rate=3e-3, clip=1.0)
        pretraining = DynaMo(window=3, latent=NoLatent(), layers=1, heads=2, width=8, recipe=recipe)
        return cls(pretraining, dimension=8, width=4, levels=1, training=EXAMPLE)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Pretrains on all training fields, then teaches r and the decoder on frozen states.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past, or the
        pretraining's windows do not suit it.
        """
        place, reader = task.layout.place, Reader.of(task, who="DynaMoForecast")
        if not isinstance(place, Grid):
            raise InputError("DynaMoForecast forecasts fields on a grid; the task has stations.")
        if self.pretraining.step != 1 or self.pretraining.window <= reader.history:
            raise InputError(
                f"DynaMoForecast needs windows of frames one step apart and longer than the past of {reader.history}; "
                f"given a window of {self.pretraining.window}, {self.pretraining.step} apart."
            )
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
        pretrained = self.pretraining.pretrain(
            _OnSphere(encoder), frames(task, reader), key=two, monitor=monitor.within("pretrain")
        )
        stepper = _Stepper(pretrained.model, self.pretraining.latent, self.pretraining.prediction, None)
        seen = [_seen(stepper, *windows(samples, reader, 1)) for samples in (task.train, task.valid)]
        scale = _Scale.of(seen[0][0][:, -1])
        stepper = self._guessing(stepper, scale, seen, key=three, monitor=monitor.within("guess"))
        weights = jnp.asarray(place.weights(), task.train.truth.dtype)[..., None]
        build, run = jax.random.split(four)
        decoder = Decoder(
            self.dimension,
            reader.outputs,
            place.shape,
            width=self.width,
            levels=self.levels,
            padding=padding,
            key=build,
        )
        train, valid = ((scale.forward(states), fields) for states, fields in (_drawn(stepper, *x) for x in seen))
        found = self._regression(_Drawing(decoder), weights, train, valid, key=run, monitor=monitor.within("decode"))
        return _DynaMoModel(task.layout, reader, stepper, scale, found.model, pretrained.log | found.log)

    def _guessing(
        self, stepper: _Stepper, scale: _Scale, seen: list[_Seen], *, key: PRNGKeyArray, monitor: Monitor
    ) -> _Stepper:
        """With r, where there are latents to guess."""
        _, history, dimension = seen[0][0].shape
        inputs, outputs = history * dimension, seen[0][2].shape[1]
        if outputs == 0:
            return stepper
        first, second, run = jax.random.split(key, 3)
        layers = _Layers(eqx.nn.Linear(inputs, 2 * inputs, key=first), eqx.nn.Linear(2 * inputs, outputs, key=second))
        answer = _Scale.of(seen[0][2])
        train, valid = (
            (scale.forward(states.reshape(-1, dimension)).reshape(-1, inputs), answer.forward(latents))
            for states, _, latents, _ in seen
        )
        found = self._regression(layers, None, train, valid, key=run, monitor=monitor).model
        return _Stepper(stepper.dynamics, stepper.latent, stepper.prediction, _Guess(scale, found, answer))

    def _regression(
        self,
        model: eqx.Module,
        weights: Float[Array, "y x 1"] | None,
        train: tuple[Array, Array],
        valid: tuple[Array, Array],
        *,
        key: PRNGKeyArray,
        monitor: Monitor,
    ) -> Fitted:
        return self.training.fit(
            model,
            MeanSquaredError(weights),
            train,
            key=key,
            valid=tuple(x[:: -(-len(x) // 512)] for x in valid),
            monitor=monitor,
        )


def _seen(stepper: _Stepper, past: Array, phases: Array, truth: Array) -> _Seen:
    """States of the past, the newest fields, latents of the step to come, and the fields that came."""
    del phases
    filled = jnp.where(jnp.isfinite(truth), truth, 0.0)  # at the mean, as in the pretraining
    states, latents = _in_pieces(_read, stepper, jnp.concatenate([past, filled], axis=1))
    return states, past[:, -1], latents, truth[:, 0]


def _drawn(stepper: _Stepper, states: Array, fields: Array, latents: Array, truth: Array) -> tuple[Array, Array]:
    """What the decoder learns from: states as they are encoded and as they are predicted, with their fields."""
    del latents
    (ahead,) = _in_pieces(_moved, stepper, states)
    return jnp.concatenate([states[:, -1], ahead]), jnp.concatenate([fields, truth])


@eqx.filter_jit
def _read(stepper: _Stepper, fields: Array) -> tuple[Array, Array]:
    states = jax.vmap(stepper.encode)(fields)
    return states[:, :-1], jax.vmap(stepper.latents)(states)[:, -1]


@eqx.filter_jit
def _moved(stepper: _Stepper, states: Array) -> tuple[Array]:
    return (jax.vmap(stepper.advance)(states)[:, -1],)


def _in_pieces(apply: Callable[..., tuple[Array, ...]], stepper: _Stepper, rows: Array) -> tuple[Array, ...]:
    """`apply` on pieces of one length: memory stays flat. Not a compiled loop: XLA's are slow at convolutions."""
    count = len(rows)
    size = min(_PIECE, count)
    pieces = [np.minimum(np.arange(start, start + size), count - 1) for start in range(0, count, size)]
    parts = zip(*(apply(stepper, rows[at]) for at in pieces), strict=True)
    return tuple(jnp.concatenate(part)[:count] for part in parts)
