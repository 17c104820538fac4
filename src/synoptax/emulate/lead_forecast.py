"""One network for all leads."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Monitor
from ..fields import Grid
from ..learn.chunks import Inputs, in_chunks
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..learn.networks import VisionTransformer
from ..learn.objectives import AbstractDistance, AbstractObjective
from ..records import Layout, Predictors, Task
from .fno_forecast import FNOForecast
from .planned import AbstractPlanner
from .reader import Reader
from .schooling import AbstractNetworkForecast, thinned, windows
from .unet_forecast import UNetForecast


class _LeadReader(eqx.Module):
    """Readers of all leads: the change has a size of its own at each, and the lead is one more static field.

    **Arguments:**
    - `reader`: with a last static field that stands for the lead.
    - `changes`: shape (lead, channel): standard deviation of x(t + kτ) − x(t), normalised.
    """

    reader: Reader
    changes: Float[Array, "lead channel"]

    @classmethod
    def of(cls, reader: Reader, batch: tuple[Array, Array, Array]) -> "_LeadReader":
        """From windows as long as the longest lead."""
        past, _, targets = batch
        moved = np.asarray(targets - past[:, -1][:, None])
        changes = np.maximum(np.sqrt(np.nanmean(moved**2, axis=(0, 2, 3))), 1e-6)
        place = jnp.zeros((*reader.static.shape[:2], 1), reader.static.dtype)
        wider = eqx.tree_at(lambda r: r.static, reader, jnp.concatenate([reader.static, place], axis=-1))
        return cls(wider, jnp.asarray(changes, reader.change.dtype))

    @property
    def length(self) -> int:
        return self.changes.shape[0]

    def at(self, lead: Float[Array, ""]) -> Reader:
        """The reader of a lead in steps, whole or not; sizes of the change are interpolated."""
        known = jnp.concatenate([jnp.zeros_like(self.changes[:1]), self.changes])
        change = jax.vmap(lambda s: jnp.interp(lead, jnp.arange(len(known)), s), in_axes=1)(known)
        static = self.reader.static.at[..., -1].set((lead / self.length).astype(self.reader.static.dtype))
        return eqx.tree_at(lambda r: (r.change, r.static), self.reader, (change.astype(known.dtype), static))


class _LeadError(AbstractObjective):
    """L = mean d(x̂_k, x_k) / |s_k|², k drawn evenly for each sample: all leads count alike.

    Batches are those of `RolloutError`, with as many targets as there are leads.

    **Arguments:**
    - `readers`: how the network becomes a forecast of each lead; not trained.
    - `distance`: of one field from another.
    - `weights`: cell areas with mean one.
    """

    readers: _LeadReader
    distance: AbstractDistance
    weights: Float[Array, "y x"]

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average
        past, phases, targets = batch
        first, second = jax.random.split(key)
        count, length = targets.shape[:2]
        spread = jnp.arange(count) * length // count  # every lead as often as the others
        leads = jax.random.permutation(first, (spread + jax.random.randint(second, (), 0, length)) % length)
        readers = jax.lax.stop_gradient(self.readers)
        size = jnp.mean(readers.changes**2, axis=1)

        def one(past: Array, phases: Array, targets: Array, index: Array, key: PRNGKeyArray) -> Array:
            lead = 1.0 + index
            new = readers.at(lead).advance(told(model, lead / length), past, phases[0], key=key)
            return self.distance(new, targets[index], self.weights) / size[index]

        keys = jax.random.split(jax.random.fold_in(key, 2), count)  # `split` above has used 0 and 1
        each = jax.vmap(one)(past, phases, targets, leads, keys)
        return jnp.mean(each), {"scaled error": jnp.mean(each)}


class _LeadModel(AbstractDeterministic, AbstractPlanner):
    layout: Layout
    readers: _LeadReader
    network: PyTree
    log: dict[str, np.ndarray]
    length: int = eqx.field(static=True)

    def plan(
        self, predictors: Predictors, *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "time length channel *place"]:
        del key
        return self.ahead(predictors, jnp.arange(1.0, self.length + 1.0))

    def ahead(self, predictors: Predictors, leads: Float[Array, " lead"]) -> Float[Array, "time lead channel *place"]:
        """Fields at any leads above 0 up to `length`, in steps, whole or not."""
        y, x = self.layout.place.shape
        rows = in_chunks(lambda inputs: _at_leads(self.readers, self.network, leads, inputs), predictors)
        fields = rows.reshape(len(predictors), len(leads), y, x, -1)
        return jax.vmap(self.readers.reader.fields_out, in_axes=1, out_axes=1)(fields)


@eqx.filter_jit
def _at_leads(readers: _LeadReader, network: PyTree, leads: Array, inputs: Inputs) -> Float[Array, "time cell"]:
    fields, phases = inputs

    def one(past: Array, phase: Array) -> Array:
        def at(lead: Array) -> Array:
            return readers.at(lead).advance(told(network, lead / readers.length), past, phase)

        return jax.vmap(at)(leads)

    new = jax.vmap(one)(readers.reader.past(fields[0]), phases)
    return new.reshape(new.shape[0], -1)


def told(network: PyTree, share: Float[Array, ""]) -> PyTree:
    """A transformer has an embedding of the lead; every network sees it as a field."""
    return eqx.Partial(network, lead=share) if isinstance(network, VisionTransformer) else network


class LeadForecast(AbstractMethod):
    """One network for all leads up to `leads`, told the lead as a field of its own: continuous lead time.

    x̂(t + kτ) = x(t) + s_k · network(past, k / `leads`),  s_k the standard deviation of the change;  trained on leads
    drawn evenly. The fitted model's `ahead(predictors, leads)` also takes leads that are not whole. When to use: direct
    forecasts of many leads at the price of one network, leads between those of the data. When not: one lead is asked
    for, or long free runs. Cost: of the network's training; a plan is `leads` evaluations.

    **Arguments:**
    - `method`: which network; its `steps` stay 1.
    - `leads`: the longest lead, in steps.

    **Good values:** leads up to the limit of predictability, and more training steps than for one lead.

    **Fails when:** near and far leads need different features: the network shares its weights among them. A
    `UNetForecast` of width 8 or less hardly sees the lead, see `UNet`.

    Reference: Nguyen et al. (2023), doi:10.48550/arXiv.2301.10343, where an embedding tells a transformer the lead; as
    it does here, besides the field.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "plans"})
    cite: ClassVar[str] = "Nguyen et al. (2023), doi:10.48550/arXiv.2301.10343"

    method: AbstractNetworkForecast = UNetForecast()
    leads: int = eqx.field(static=True, default=8)

    def __check_init__(self) -> None:
        if not isinstance(self.method, AbstractNetworkForecast):
            raise InputError(
                f"{type(self.method).__name__} is no network that can be told the lead; give one of the networks by "
                "itself, or fit each lead apart with DirectForecast."
            )
        if self.leads < 2 or self.method.steps != 1:
            raise InputError(
                f"One network for all leads needs two leads or more, and a method with steps=1; given {self.leads} "
                f"leads and steps={self.method.steps}."
            )

    @classmethod
    def example(cls) -> "LeadForecast":
        return cls(FNOForecast.example(), 2)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past, or has no
        unbroken run as long as the last lead.
        """
        place = task.layout.place
        reader = Reader.of(task, who="LeadForecast")
        if not isinstance(place, Grid):
            raise InputError("LeadForecast forecasts fields on a grid; the task has stations.")
        batch = windows(task.train, reader, self.leads)
        readers = _LeadReader.of(reader, batch)
        first, second = jax.random.split(key)
        weights = jnp.asarray(place.weights(), task.train.truth.dtype)
        fitted = self.method.training.fit(
            self.method.build(readers.reader, place, key=first),
            _LeadError(readers, self.method.distance, weights),
            batch,
            key=second,
            valid=thinned(windows(task.valid, reader, self.leads), 256),
            monitor=monitor,
        )
        return _LeadModel(layout=task.layout, readers=readers, network=fitted.model, log=fitted.log, length=self.leads)
