"""An encoder that learned from unlabelled fields first, and a decoder that learns from labels."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import Monitor
from ..learn import MeanSquaredError
from ..learn.chunks import in_chunks
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import AbstractPooling, Encoder, FlatPooling, padding_of
from ..learn.represent import AbstractPretraining, DynaMo, Health, NoPretraining, Pretrained
from ..learn.training import Training
from ..records import Layout, Predictors, Task
from .decoders import AbstractDecoder, PlaceDecoder, Reading, SuitedDecoder
from .frames import FrameReader
from .network import Lift, out_of_fold
from .target import Target
from .tuning import AbstractTuning, FineTuned


class PretrainedDownscaler(AbstractMethod):
    """Learn the weather from unlabelled coarse fields, then the fine fields from few labelled ones.

    1. An encoder is pretrained on `task.unlabelled` (or the training predictors): f(o_t) = maps and a vector.
    2. ŷ = base(x) + s · decoder(f(o_{t−1}), f(o_t), f(o_{t+1}), ...), trained on squared error, weighted by cell area.

    When to use: long series of coarse fields, few of them with fine ones. When not: with labels in plenty, where an
    encoder that starts at random does as well. Cost: the pretraining's, then the encoder for each neighbouring time and
    the decoder, forward and backward, a step.

    **Arguments:**
    - `pretraining`: `DynaMo()`, `Autoencoder()`, `MaskedAutoencoder()`, or `NoPretraining()` for labels alone.
    - `tuning`: `FineTuned()` or `Frozen()`; `Frozen` with `NoPretraining` is a decoder on random features.
    - `decoder`: how encodings become fine fields.
    - `base`: a method whose prediction is improved on, such as `Bicubic()` or `Ridge()`; None starts from the mean.
    - `folds`: parts for out-of-fold residuals of a fitted base (1: in-sample; right for interpolations).
    - `width`, `levels`, `blocks`, `pooling`: of the encoder.
    - `training`: how long and how fast, on labels.
    - `members`: encoders pretrained and tuned side by side; `predict` is their mean, `sample` gives each.

    **Good values:** the defaults with a pretraining of 1000 to 3000 steps; `base=Ridge()`, `folds=4` on regional data.

    **Fails when:** frames are so few that the pretraining learns them by heart, or the states collapse (`health` says).

    Reference: Cui et al. (2024), doi:10.48550/arXiv.2409.12192, for the pretraining by dynamics.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "resumes"})
    cite: ClassVar[str] = "Cui, Pan, Iyer, Haldar and Pinto (2024), doi:10.48550/arXiv.2409.12192"

    pretraining: AbstractPretraining = DynaMo()
    tuning: AbstractTuning = FineTuned()
    decoder: AbstractDecoder = SuitedDecoder()
    base: AbstractMethod | None = None
    folds: int = eqx.field(static=True, default=1)
    width: int = eqx.field(static=True, default=16)
    levels: int = eqx.field(static=True, default=2)
    blocks: int = eqx.field(static=True, default=1)
    pooling: AbstractPooling = FlatPooling()
    training: Training = Training(steps=1500, every=50, average=0.98)
    members: int = eqx.field(static=True, default=1)

    @classmethod
    def example(cls) -> "PretrainedDownscaler":
        """A few steps of everything."""
        decoder = PlaceDecoder(hidden=8, channels=2)
        small = {"width": 4, "levels": 1, "pooling": FlatPooling(8)}
        training = Training(steps=10, batch=8, every=5, average=0.98)
        return cls(pretraining=DynaMo.example(), decoder=decoder, training=training, **small)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """`pretrain`, then `tune`; each stage checkpoints in a folder of its own.

        **Raises:** `InputError` when no predictor is a field, or no run of times is long enough for a window.
        """
        first, second = jax.random.split(key)
        learned = self.pretrain(task, key=first, monitor=monitor)
        return self.tune(task, learned, key=second, monitor=monitor)

    def pretrain(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Pretrained:
        """`members` encoders that learned from the unlabelled predictors of the task: the targets are not read."""
        draw, learn = jax.random.split(key)
        prepare = self._prepare(task)
        networks = _draw(self, prepare, jax.random.split(draw, self.members))
        return self.pretraining.pretrain(
            networks.encoder,
            prepare.reader.sequence(_free(task)),
            key=learn,
            members=self.members,
            monitor=monitor.within("pretrain"),
        )

    def tune(
        self, task: Task, learned: Pretrained, *, key: PRNGKeyArray, monitor: Monitor = Monitor()
    ) -> AbstractDownscaler:
        """A downscaler from encoders that `pretrain` returned for the same predictors, and the labels of the task.

        One pretraining serves any number of targets and label counts.
        """
        base_key, draw, train = jax.random.split(key, 3)
        base = None if self.base is None else self.base.fit(task, key=base_key, monitor=monitor.within("base"))
        target = Target.of(task.train, task.layout, base)
        rows = target.rows(task.train)
        if self.base is not None and self.folds > 1:
            rows = out_of_fold(task, self.base, target, self.folds, base_key)
        prepare = self._prepare(task)
        networks = _draw(self, prepare, jax.random.split(draw, self.members))
        networks = eqx.tree_at(lambda n: n.encoder, networks, learned.encoder)
        fitted = self.training.fit(
            networks,
            MeanSquaredError(target.weights(), prepare),
            ((task.train.predictors.fields, task.train.predictors.phases), rows),
            optimiser=self.tuning.optimiser(self.training),
            key=train,
            valid=((task.valid.predictors.fields, task.valid.predictors.phases), target.rows(task.valid)),
            trainable=self.tuning.trainable(networks),
            members=self.members,
            monitor=monitor.within("labels"),
        )
        return _PretrainedModel(
            task.layout, target, prepare, fitted.model, self.members, learned.health, learned.log, fitted.log
        )

    def _prepare(self, task: Task) -> "_Prepare":
        who = type(self).__name__
        return _Prepare(FrameReader.of(_free(task), task.layout, who=who), self.decoder.lift(task, who=who))

    def _network(self, prepare: "_Prepare", key: PRNGKeyArray) -> "_Network":
        first, second = jax.random.split(key)
        reader = prepare.reader
        encoder = Encoder(
            reader.variables,
            reader.grid.shape,
            width=self.width,
            levels=self.levels,
            blocks=self.blocks,
            pooling=self.pooling,
            padding=padding_of(reader.grid),
            key=first,
        )
        return _Network(encoder, self.decoder.layer(encoder, reader, prepare.lift, key=second))


def _free(task: Task) -> Predictors:
    """All predictors that training may see, labelled or not."""
    return task.train.predictors if task.unlabelled is None else task.unlabelled


def _draw(method: PretrainedDownscaler, prepare: "_Prepare", keys: PRNGKeyArray) -> "_Network":
    """One network per key, stacked. All pretrainings, tunings and numbers of members share one compilation."""
    plain = PretrainedDownscaler(
        pretraining=NoPretraining(),
        decoder=method.decoder,
        width=method.width,
        levels=method.levels,
        blocks=method.blocks,
        pooling=method.pooling,
    )
    drawn = [_drawn(plain, prepare, key) for key in keys]
    return jax.tree.map(lambda *x: jnp.stack(x) if eqx.is_array(x[0]) else x[0], *drawn)


@eqx.filter_jit
def _drawn(method: PretrainedDownscaler, prepare: "_Prepare", key: PRNGKeyArray) -> "_Network":
    """Compiled as a whole: drawing weights one by one takes longer than training them."""
    return method._network(prepare, key)


class _Prepare(eqx.Module):
    """Fields and phases of one time to what the network reads; nothing here is trained."""

    reader: FrameReader
    lift: Lift | None

    def __call__(self, inputs: tuple[tuple[Array, ...], Array]) -> Reading:
        fields, phases = inputs
        stack = None if self.lift is None else self.lift(inputs)
        return self.reader.frames(fields), self.reader.extra(fields, phases), stack


class _Network(eqx.Module):
    encoder: Encoder
    decoder: PyTree

    def __call__(self, reading: Reading, *, key: PRNGKeyArray | None = None) -> Float[Array, " cell"]:
        frames, extra, stack = reading
        return self.decoder(jax.vmap(self.encoder)(frames), extra, stack, key=key)


class _PretrainedModel(AbstractDownscaler):
    """Networks on anomalies from a base; `health` and the two logs are kept for reports."""

    layout: Layout
    target: Target
    prepare: _Prepare
    networks: PyTree
    members: int = eqx.field(static=True)
    health: Health
    pretraining_log: dict[str, np.ndarray]
    log: dict[str, np.ndarray]

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        rows = [self._rows(predictors, m) for m in range(self.members)]
        return self.target.fields(sum(rows[1:], rows[0]) / self.members, predictors)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """Each member's field, at most `count` of them: their spread is that of training alone."""
        del key
        rows = [self._rows(predictors, m) for m in range(min(count, self.members))]
        return jnp.stack([self.target.fields(r, predictors) for r in rows])

    def _rows(self, predictors: Predictors, member: int) -> Float[Array, "time cell"]:
        """One member's rows."""
        network = jax.tree.map(lambda x: x[member] if eqx.is_array(x) else x, self.networks)
        return in_chunks(lambda inputs: _apply(self.prepare, network, inputs), predictors)


@eqx.filter_jit
def _apply(prepare: _Prepare, network: _Network, inputs: tuple[tuple[Array, ...], Array]) -> Float[Array, "time cell"]:
    return jax.vmap(lambda x: network(prepare(x)))(inputs)
