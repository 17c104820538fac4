"""Going on from a saved model, on new data."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, PRNGKeyArray, PyTree

from ..core import InputError, Monitor
from ..downscale import AbstractDownscaler, AbstractMethod
from ..fields import Normaliser
from ..fields.regrid import LinearMap
from ..learn import AbstractObjective, InMemory, fit
from ..records import Layout, Predictors, Task


class Continued(AbstractMethod):
    """Fine-tunes every weight of a fitted model on new data; what it normalises by stays as it was.

    minimise Σ w (z(ŷ) − z(y))² over the weights of ŷ, z the standardised transform of each channel.

    Use it when new data are like the old ones and few: it starts from what the model knows. Not for another grid or
    other predictors, nor for models without weights (interpolation, quantile mapping). Cost: as training its network.

    **Arguments:**
    - `model`: the fitted model.
    - `steps`, `batch`, `learning_rate`: of AdamW with a cosine schedule.
    - `every`, `patience`: steps between validations; validations without improvement before it stops.

    **Good values:** a tenth of the learning rate of the first training.

    **Fails when:** the new data are few and unlike the validation block: it then stops at once and changes nothing.

    Reference: Yosinski et al. (2014), arXiv:1411.1792.
    """

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = "Yosinski et al. (2014), arXiv:1411.1792"

    model: AbstractDownscaler
    steps: int = eqx.field(static=True, default=500)
    batch: int = eqx.field(static=True, default=32)
    learning_rate: float = eqx.field(static=True, default=1e-4)
    every: int = eqx.field(static=True, default=25)
    patience: int | None = eqx.field(static=True, default=8)

    @classmethod
    def example(cls) -> "Continued":
        """There is none: it starts from a fitted model."""
        raise InputError("Continued starts from a fitted model; give one: Continued(model).")

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; the best weights on `task.valid` are kept, the old ones among them.

        **Raises:** `InputError` when the data do not fit the model, or the model has no weights.
        """
        check_layout(self.model.layout, task.layout)
        spec = trainable(self.model)
        if not any(jax.tree.leaves(spec)):
            raise InputError("This model has no weights to continue from; fit it anew without --continue.")
        data, valid = _data(task.train.predictors, task.train.truth), _data(task.valid.predictors, task.valid.truth)
        normaliser = Normaliser.of(task.train.truth, task.layout.transforms)
        weights = jnp.asarray(task.layout.place.weights(), task.train.truth.dtype)
        schedule = optax.cosine_decay_schedule(self.learning_rate, self.steps)
        found = fit(
            self.model,
            _Error(normaliser, weights, task.train.predictors.static),
            InMemory(data, self.batch),
            optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule)),
            self.steps,
            key=key,
            valid=valid,
            every=self.every,
            patience=self.patience,
            trainable=spec,
            monitor=monitor,
        )
        return eqx.tree_at(lambda m: m.layout, found.model, task.layout, is_leaf=_is_layout)


class _Error(AbstractObjective):
    """Mean squared error of a downscaler's prediction on the standardised scale."""

    normaliser: Normaliser
    weights: Array
    static: Array

    def loss(self, model: PyTree, batch: Any, *, average: PyTree, key: PRNGKeyArray) -> tuple[Array, dict[str, Array]]:
        del average, key
        fields, phases, segment, truth = batch
        predicted = model.predict(Predictors(fields, phases, self.static, segment))
        seen = jnp.isfinite(truth)
        target = self.normaliser.forward(jnp.where(seen, truth, 0.0))
        share = jnp.where(seen, self.weights, 0.0)
        square = jnp.where(seen, (self.normaliser.forward(predicted) - target) ** 2, 0.0)
        return jnp.sum(share * square) / jnp.maximum(jnp.sum(share), 1e-12), {}


def trainable(model: AbstractDownscaler) -> PyTree:
    """True for arrays of inexact type outside normalisers and regridding weights."""

    def fixed(part: Any) -> bool:
        return isinstance(part, Normaliser | LinearMap | Layout)

    def mark(part: Any) -> Any:
        if fixed(part):
            return jax.tree.map(lambda _: False, part)
        return isinstance(part, jax.Array) and eqx.is_inexact_array(part)  # NumPy arrays are records, such as logs

    return jax.tree.map(mark, model, is_leaf=fixed)


def check_layout(old: Layout, new: Layout) -> None:
    """Refuses data that a model was not made for.

    **Raises:** `InputError` that names what differs.
    """
    for what, before, now in (
        ("predictors", [s.channels for s in old.sources], [s.channels for s in new.sources]),
        ("predictor grids", [s.place for s in old.sources], [s.place for s in new.sources]),
        ("target variables", old.channels, new.channels),
        ("target units", old.units, new.units),
        ("target grid", old.place, new.place),
        ("static fields", old.static_names, new.static_names),
    ):
        if before != now:
            detail = "" if "grid" in what else f" ({before} in the model, {now} in the data)"
            raise InputError(f"The {what} differ from those of the model{detail}; give such data, or fit anew.")


def _data(predictors: Predictors, truth: Array) -> tuple:
    return predictors.fields, predictors.phases, predictors.segment, truth


def _is_layout(part: Any) -> bool:
    return isinstance(part, Layout)
