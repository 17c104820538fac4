"""DeepESD: a convolutional network straight from the coarse maps to the distribution at every fine place."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import Grid, Normaliser
from ..learn.heads import AbstractHead
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import Conv, padding_of
from ..learn.objectives import AbstractObjective
from ..learn.training import Training
from ..records import Layout, Predictors, Task
from .predictive import Predictive

Maps = tuple[Float[Array, "y x channel"], ...]


class _Inputs(eqx.Module):
    """Predictors as maps, channels last, each channel normalised place by place."""

    normalisers: tuple[Normaliser, ...]

    def __call__(self, predictors: Predictors) -> tuple[Array, ...]:
        maps = [n.forward(f) for n, f in zip(self.normalisers, predictors.fields, strict=True)]
        return tuple(jnp.moveaxis(jnp.where(jnp.isfinite(m), m, 0.0), 1, -1) for m in maps)


class _Network(eqx.Module):
    """Convolutions on each source, flattened, and one dense layer to all raw parameters."""

    convolutions: tuple[tuple[Conv, ...], ...]
    dense: Float[Array, "flat output"]
    bias: Float[Array, " output"]

    def __call__(self, maps: Maps, *, key: PRNGKeyArray | None = None) -> Float[Array, " output"]:
        del key
        flat = []
        for field, layers in zip(maps, self.convolutions, strict=True):
            for layer in layers:
                field = jax.nn.relu(layer(field))
            flat.append(field.reshape(-1))
        return self.bias + jnp.concatenate(flat) @ self.dense


class _Likelihood(AbstractObjective):
    """The mean negative log-likelihood of all channels, each with its own head."""

    heads: tuple[AbstractHead, ...]
    cells: tuple[Int[Array, " cell"], ...]

    def loss(self, model, batch, *, average, key):
        del average, key
        maps, values = batch
        outputs = jax.vmap(model)(maps)
        total, count = jnp.zeros((), values.dtype), jnp.zeros((), values.dtype)
        for head, cells, raw in zip(self.heads, self.cells, _split(outputs, self.heads, self.cells), strict=True):
            y = values[:, cells]
            there = jnp.isfinite(y)
            score = -head.log_prob(raw, jnp.where(there, y, 1.0))
            total, count = total + jnp.sum(jnp.where(there, score, 0.0)), count + jnp.sum(there)
        nll = total / jnp.maximum(count, 1.0)
        return nll, {"nll": nll}


class _DeepESDModel(AbstractDownscaler):
    layout: Layout
    scale: Predictive
    inputs: _Inputs
    network: _Network
    cells: tuple[Int[Array, " cell"], ...]

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return _mean(self, predictors)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """Places are drawn independently of each other: right at each place, too noisy as a field."""
        return _members(self, predictors, key, count)


@eqx.filter_jit
def _mean(model: _DeepESDModel, predictors: Predictors) -> Float[Array, "time channel *fine"]:
    rows = jnp.broadcast_to(model.scale.offset, (len(predictors), model.scale.offset.size))
    for head, cells, raw in zip(model.scale.heads, model.cells, _raw(model, predictors), strict=True):
        rows = rows.at[:, cells].set(head.mean(raw))
    return model.scale.fields(rows)


@eqx.filter_jit
def _members(
    model: _DeepESDModel, predictors: Predictors, key: PRNGKeyArray, count: int
) -> Float[Array, "member time channel *fine"]:
    raws = _raw(model, predictors)

    def member(k: PRNGKeyArray) -> Array:
        rows = jnp.broadcast_to(model.scale.offset, (len(predictors), model.scale.offset.size))
        for i, (head, cells, raw) in enumerate(zip(model.scale.heads, model.cells, raws, strict=True)):
            rows = rows.at[:, cells].set(head.sample(raw, key=jax.random.fold_in(k, i), count=1)[0])
        return model.scale.fields(rows)

    return jax.lax.map(member, jax.random.split(key, count))


def _raw(model: _DeepESDModel, predictors: Predictors) -> list[Array]:
    outputs = jax.vmap(model.network)(model.inputs(predictors))
    return _split(outputs, model.scale.heads, model.cells)


def _split(outputs: Float[Array, "time output"], heads, cells) -> list[Array]:
    """The outputs channel by channel, (time, cell, size)."""
    parts, start = [], 0
    for head, own in zip(heads, cells, strict=True):
        stop = start + own.size * head.size
        parts.append(outputs[:, start:stop].reshape(outputs.shape[0], own.size, head.size))
        start = stop
    return parts


class DeepESD(AbstractMethod):
    """A small convolutional network reads the coarse maps and gives the distribution at every fine place.

    maps → conv 3x3 (50) → conv (25) → conv (10), ReLU → flatten → dense → raw parameters of `head` at each place,
    trained by maximum likelihood with Adam; stopped early on the validation block.

    Use it as the deep-learning reference for rain at stations or on a fine grid, from a few thousand samples. Not with
    hundreds. Cost: some minutes on a core for nine years of days and 200 places.

    **Arguments:**
    - `head`: the family; None takes Bernoulli-gamma for channels with many exact zeros, else normal.
    - `widths`: channels of the convolutions.
    - `training`: how long and how fast; the published Adam keeps its rate throughout.

    **Good values:** the published widths 50, 25, 10, learning rate 1e-4, batch 100.

    **Fails when:** fine places are many: the dense layer has one row of weights for each.

    Reference: Baño-Medina, Manzanas and Gutiérrez (2020), doi:10.5194/gmd-13-2109-2020.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "probabilistic", "resumes"}
    )
    cite: ClassVar[str] = "Baño-Medina, Manzanas and Gutiérrez (2020), doi:10.5194/gmd-13-2109-2020"

    head: AbstractHead | None = None
    widths: tuple[int, ...] = eqx.field(static=True, default=(50, 25, 10))
    training: Training = Training(3000, 100, rate=1e-4, decay=0.0, every=50, patience=10, average=None)

    @classmethod
    def example(cls) -> "DeepESD":
        training = Training(20, 8, rate=1e-4, decay=0.0, every=10, patience=10, average=None)
        return cls(widths=(4,), training=training)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """One network; checkpoints and resumes with a folder in `monitor`."""
        layout = task.layout
        if not all(isinstance(s.place, Grid) for s in layout.sources):
            raise InputError("DeepESD reads maps and was given predictors at stations; choose Ridge or KernelRidge.")
        scale = Predictive.of(task.train, layout, self.head)
        inputs = _Inputs(tuple(Normaliser.of(f, per_place=True) for f in task.train.predictors.fields))
        values = scale.values(task.train)
        cells = tuple(jnp.asarray(c) for c in scale.known(values))
        net_key, fit_key = jax.random.split(key)
        dtype = task.train.truth.dtype
        data, valid = ((inputs(s.predictors), jnp.asarray(scale.values(s), dtype)) for s in (task.train, task.valid))
        fitted = self.training.fit(
            self._network(layout, scale.heads, values, scale.known(values), net_key),
            _Likelihood(scale.heads, cells),
            data,
            optimiser=optax.adamw(self.training.rate, weight_decay=self.training.decay),
            key=fit_key,
            valid=valid,
            monitor=monitor,
        )
        return _DeepESDModel(layout, scale, inputs, fitted.model, cells)

    def _network(self, layout: Layout, heads, values: np.ndarray, known: list[np.ndarray], key: PRNGKeyArray):
        """Starts at the climatological distribution: no weights in the dense layer, the head's start as its bias."""
        convolutions, flat = [], 0
        for i, source in enumerate(layout.sources):
            sizes, padding = (len(source.channels), *self.widths), padding_of(source.place)
            keys = jax.random.split(jax.random.fold_in(key, i), len(self.widths))
            pairs = zip(sizes[:-1], sizes[1:], keys, strict=True)
            convolutions.append(tuple(Conv(a, b, padding=padding, key=k) for a, b, k in pairs))
            flat += sizes[-1] * int(np.prod(source.place.shape))
        bias = []
        for head, own in zip(heads, known, strict=True):
            seen = values[:, own]
            bias.append(np.tile(head.start(seen[np.isfinite(seen)]), len(own)))
        start = jnp.asarray(np.concatenate(bias), jnp.zeros(()).dtype)
        return _Network(tuple(convolutions), jnp.zeros((flat, start.size)), start)
