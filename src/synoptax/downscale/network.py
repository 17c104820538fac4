"""What the convolutional methods share: predictors lifted to the fine grid, a network there, an ensemble of them."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Monitor
from ..fields import Grid, Normaliser, regrid
from ..fields.climatology import usable_harmonics
from ..learn import Fitted, MeanSquaredError
from ..learn.chunks import Inputs, in_chunks
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.training import Training
from ..records import Layout, Predictors, Task
from .target import Target


class Lift(eqx.Module):
    """Predictors of one time as one stack of maps on the fine grid: (y, x, channel), normalised.

    Channels: every source channel by registered bilinear interpolation, static fields, cosines and sines of the
    phases.
    """

    normalisers: tuple[Normaliser, ...]
    maps: tuple[regrid.LinearMap, ...]
    static: Float[Array, "y x static"]
    cycle: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, task: Task, *, who: str) -> "Lift":
        """Maps and training statistics.

        **Raises:** `InputError` when the target or a source is not a grid.
        """
        layout, predictors = task.layout, task.train.predictors
        places = [layout.place, *(s.place for s in layout.sources)]
        if not all(isinstance(p, Grid) for p in places):
            raise InputError(f"{who} works between grids and was given stations; choose Ridge or another regression.")
        rule = regrid.Bilinear(clamp=True)
        maps = tuple(rule.between(s.place, layout.place) for s in layout.sources if isinstance(s.place, Grid))
        static = predictors.static
        if static.shape[0]:
            static = Normaliser.of(static[None]).forward(static)
        static = jnp.moveaxis(jnp.where(jnp.isfinite(static), static, 0.0), 0, -1)
        normalisers = tuple(Normaliser.of(f) for f in predictors.fields)
        return cls(normalisers, maps, static, usable_harmonics(np.asarray(predictors.phases)))

    @property
    def channels(self) -> int:
        """Number of channels of the stack."""
        sources = sum(n.mean.shape[0] for n in self.normalisers)
        return sources + self.static.shape[-1] + 2 * sum(self.cycle)

    def __call__(self, inputs: Inputs) -> Float[Array, "y x channel"]:
        """The stack of one time."""
        fields, phases = inputs
        parts = [m(n.forward(f)) for m, n, f in zip(self.maps, self.normalisers, fields, strict=True)]
        stack = jnp.moveaxis(jnp.concatenate(parts, axis=0), 0, -1)
        stack = jnp.where(jnp.isfinite(stack), stack, 0.0)
        waves = [
            wave(k * phases[i])
            for i, n in enumerate(self.cycle)
            for k in range(1, n + 1)
            for wave in (jnp.cos, jnp.sin)
        ]
        constant = jnp.broadcast_to(jnp.asarray(waves, stack.dtype), (*stack.shape[:2], len(waves)))
        return jnp.concatenate([stack, self.static.astype(stack.dtype), constant], axis=-1)


class NetworkModel(AbstractDownscaler):
    """An ensemble of networks on anomalies from a base prediction.

    **Arguments:**
    - `lift`: predictors to the stack that the networks read.
    - `networks`: stacked modules, a leading member axis on every array.
    - `log`: the training log, for the report.
    """

    layout: Layout
    target: Target
    lift: Lift
    networks: PyTree
    members: int = eqx.field(static=True)
    log: dict[str, np.ndarray]

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The mean over the ensemble on the transformed scale, back in physical units."""
        return self.target.fields(jnp.mean(_rows(self.lift, self.networks, predictors), axis=0), predictors)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """The members of the ensemble, at most `count` of them: the spread is that of the training alone."""
        del key
        rows = _rows(self.lift, self.networks, predictors)[:count]
        return jnp.stack([self.target.fields(r, predictors) for r in rows])


def _rows(lift: Lift, networks: PyTree, predictors: Predictors) -> Float[Array, "member time cell"]:
    members = next(leaf.shape[0] for leaf in jax.tree.leaves(networks) if eqx.is_array(leaf))
    each = [jax.tree.map(lambda x, m=m: x[m] if eqx.is_array(x) else x, networks) for m in range(members)]
    return jnp.stack([in_chunks(lambda inputs, n=n: _apply(lift, n, inputs), predictors) for n in each])


@eqx.filter_jit
def _apply(lift: Lift, network: PyTree, inputs: Inputs) -> Float[Array, "time cell"]:
    return jax.vmap(lambda x: flat(network(lift(x))))(inputs)


def flat(maps: Float[Array, "y x channel"]) -> Float[Array, " cell"]:
    """One output of a network as one row of a `Target`."""
    return jnp.moveaxis(maps, -1, 0).reshape(-1)


class _Rows(eqx.Module):
    """A network whose output is flattened to a row."""

    network: PyTree

    def __call__(self, stack: Array, *, key: PRNGKeyArray | None = None) -> Array:
        return flat(self.network(stack, key=key))


def train_networks(
    task: Task,
    base: AbstractMethod | None,
    build: Callable[[Lift, PRNGKeyArray], PyTree],
    *,
    training: Training,
    members: int,
    folds: int,
    who: str,
    key: PRNGKeyArray,
    monitor: Monitor,
) -> NetworkModel:
    """Fits the base, then `members` networks to what it leaves over, and keeps each member's best on validation.

    The residuals to learn from are out of fold (`folds` contiguous parts of the training times), because a fitted
    base leaves smaller residuals on its own training data than it will later.
    """
    base_key, net_key, fit_key = jax.random.split(key, 3)
    fitted = None if base is None else base.fit(task, key=base_key, monitor=monitor.within("base"))
    target = Target.of(task.train, task.layout, fitted)
    rows = target.rows(task.train)
    if base is not None and folds > 1:
        rows = out_of_fold(task, base, target, folds, base_key)
    lift = Lift.of(task, who=who)
    data = ((task.train.predictors.fields, task.train.predictors.phases), rows)
    valid = ((task.valid.predictors.fields, task.valid.predictors.phases), target.rows(task.valid))
    objective = MeanSquaredError(target.weights(), lift)
    results: list[Fitted] = []
    for i in range(members):  # one after the other: on a CPU, convolutions with stacked kernels are far slower
        results.append(
            training.fit(
                _Rows(build(lift, jax.random.fold_in(net_key, i))),
                objective,
                data,
                key=jax.random.fold_in(fit_key, i),
                valid=valid,
                monitor=monitor.within(f"member{i}"),
            )
        )
    stacked = jax.tree.map(lambda *a: jnp.stack(a) if eqx.is_array(a[0]) else a[0], *[r.model.network for r in results])
    return NetworkModel(task.layout, target, lift, stacked, members, results[0].log)


def out_of_fold(task: Task, base: AbstractMethod, target: Target, folds: int, key: PRNGKeyArray) -> Array:
    """Rows of the training target with the base fitted without the contiguous fold that holds them."""
    count = len(task.train)
    parts = np.array_split(np.arange(count), min(folds, count))
    rows = []
    for part in parts:
        rest = np.setdiff1d(np.arange(count), part)
        inner = Task(task.train.at(rest), task.valid, None, task.layout)
        fitted = base.fit(inner, key=key)
        rows.append(eqx.tree_at(lambda t: t.base, target, fitted).rows(task.train.at(part)))
    return jnp.concatenate(rows)
