"""A predictive distribution on top of a kernel regression, honest because it learns from left-out predictions."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ..core import Monitor
from ..learn import InMemory, fit
from ..learn.heads import AbstractHead
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.objectives import NegativeLogLikelihood
from ..learn.training import cosine_adamw
from ..records import Layout, Predictors, Task, joined
from .cell_network import CellNetwork
from .expansion import Expansions, Regression, generator
from .predictive import Predictive

_WET_LEVELS = (0.33, 0.67, 0.9)
_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)


class _Marginal(eqx.Module):
    """The distribution at the cells of one channel, given all outputs of the regression."""

    head: AbstractHead
    cells: Int[Array, " cell"]  # places in a row of the target
    outputs: Int[Array, "statistic cell"]  # places in a row of the regression
    mean: Float[Array, " feature"]
    std: Float[Array, " feature"]
    networks: CellNetwork  # stacked: a leading member axis

    def features(self, outputs: Float[Array, "time output"], waves: Float[Array, "time wave"]) -> Array:
        return (_features(outputs, self.outputs, waves) - self.mean[None, None]) / self.std[None, None]

    def raw(self, outputs: Float[Array, "time output"], waves: Float[Array, "time wave"]) -> Array:
        """Parameters (time, cell, size), the mean over the members."""
        x = self.features(outputs, waves)
        members = eqx.filter_vmap(lambda n: jax.vmap(n)(x), in_axes=eqx.if_array(0))(self.networks)
        return jnp.mean(members, axis=0)


class _KernelDistributionModel(AbstractDownscaler):
    layout: Layout
    expansion: Expansions
    scale: Predictive
    marginals: tuple[_Marginal, ...]
    ranks: Float[Array, "template cell"]
    moods: Float[Array, "template statistic"]
    pool: int = eqx.field(static=True)

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return _mean(self, predictors)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """Each member takes its ranks, cell by cell, from a training day of much the same outlook (Schaake shuffle)."""
        return _members(self, predictors, key, count)


@eqx.filter_jit
def _mean(model: _KernelDistributionModel, predictors: Predictors) -> Float[Array, "time channel *fine"]:
    rows = jnp.broadcast_to(model.scale.offset, (len(predictors), model.scale.offset.size))
    for marginal, raw in zip(model.marginals, _raw(model, predictors)[0], strict=True):
        rows = rows.at[:, marginal.cells].set(marginal.head.mean(raw))
    return model.scale.fields(rows)


@eqx.filter_jit
def _members(
    model: _KernelDistributionModel, predictors: Predictors, key: PRNGKeyArray, count: int
) -> Float[Array, "member time channel *fine"]:
    raws, moods = _raw(model, predictors)

    def member(template: Int[Array, " time"]) -> Array:
        ranks = model.ranks[template]
        rows = jnp.broadcast_to(model.scale.offset, ranks.shape)
        for marginal, raw in zip(model.marginals, raws, strict=True):
            rows = rows.at[:, marginal.cells].set(marginal.head.quantile(raw, ranks[:, marginal.cells]))
        return model.scale.fields(rows)

    return jax.lax.map(member, _templates(model, moods, key, count))


def _templates(
    model: _KernelDistributionModel, moods: Float[Array, "time channel"], key: PRNGKeyArray, count: int
) -> Int[Array, "member time"]:
    """Draws without repetition, while they last, among the `pool` training days of nearest outlook."""
    squares = jnp.sum((moods[:, None] - model.moods[None]) ** 2, axis=-1)
    _, near = jax.lax.top_k(-squares, min(model.pool, model.moods.shape[0]))

    def draw(days: Int[Array, " day"], k: PRNGKeyArray) -> Int[Array, " member"]:
        rounds = -(-count // days.size)
        order = jax.vmap(lambda one: jax.random.permutation(one, days))(jax.random.split(k, rounds))
        return order.reshape(-1)[:count]

    return jax.vmap(draw, out_axes=1)(near, jax.random.split(key, moods.shape[0]))


def _raw(model: _KernelDistributionModel, predictors: Predictors) -> tuple[list[Array], Array]:
    outputs, waves = model.expansion(predictors), model.expansion.columns.waves(predictors)
    return [m.raw(outputs, waves) for m in model.marginals], _moods(outputs, model.marginals)


class KernelDistribution(AbstractMethod):
    """Kernel regression of the target and of how likely it exceeds levels, made a distribution by a network.

    1. `KernelRidge` predicts, with one Cholesky factor, z and 1[z ≥ q] for several levels q of each cell;
    2. its predictions for left-out blocks, their mean over cells and the season feed a small network shared by all
       cells, which gives the parameters of `head` and is trained by maximum likelihood;
    3. members take their ranks from the left-out ranks of training days of like outlook, so that fields are coherent in
       space and the margins are calibrated again.

    Because 2 learns from predictions that never saw their own block, spread and occurrence are honest. `predict` is the
    mean of the distribution on the scale of the task's transform.

    Use it for daily precipitation, and wherever some thousand samples are to give a distribution. Not for a few hundred
    hours. Cost: `KernelRidge` plus one to two minutes of training on one core for 200 cells and nine years.

    **Arguments:**
    - `head`: the family; None takes Bernoulli-gamma for channels with many exact zeros, else normal.
    - `components`, `walks`, `trials`, `folds`, `limit`: as in `KernelRidge`.
    - `hidden`, `code`: sizes of the network and of the embedding of a cell.
    - `members`: networks whose parameters are averaged.
    - `steps`, `batch`, `learning_rate`: of the training; a batch is so many times with all their cells.
    - `pool`: training days of nearest outlook that ranks are taken from.

    **Good values:** the defaults; the head's threshold 0.1 mm for gauges.

    **Fails when:** training days of like outlook are few: ranks then repeat, and so do members.

    Reference: Williams (1998), NIPS 10; Cannon (2008), doi:10.1175/2008JHM960.1; ranks: Clark et al. (2004),
    doi:10.1175/1525-7541(2004)005<0243:TSSAMF>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "probabilistic", "resumes", "uses_validation"}
    )
    cite: ClassVar[str] = "Cannon (2008), doi:10.1175/2008JHM960.1"

    head: AbstractHead | None = None
    components: int = eqx.field(static=True, default=80)
    walks: int = eqx.field(static=True, default=3)
    trials: int = eqx.field(static=True, default=50)
    folds: int = eqx.field(static=True, default=8)
    limit: int = eqx.field(static=True, default=6000)
    hidden: int = eqx.field(static=True, default=24)
    code: int = eqx.field(static=True, default=4)
    members: int = eqx.field(static=True, default=2)
    steps: int = eqx.field(static=True, default=500)
    batch: int = eqx.field(static=True, default=32)
    learning_rate: float = eqx.field(static=True, default=5e-3)
    pool: int = eqx.field(static=True, default=500)

    @classmethod
    def example(cls) -> "KernelDistribution":
        return cls(components=10, walks=2, trials=3, folds=4, hidden=8, steps=20, batch=8)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Search, regression, network, ranks; training and validation data are used together throughout."""
        walk_key, net_key, tie_key = jax.random.split(key, 3)
        regression = Regression(self.components, self.walks, self.trials, self.folds, self.limit)
        samples = regression.thinned(joined(task.train, task.valid))
        scale = Predictive.of(samples, task.layout, self.head)
        rows = np.asarray(scale.target.rows(samples))
        weighted = rows * np.sqrt(np.asarray(scale.target.weights()))
        settings = regression.tuned(samples, task.layout, weighted, key=walk_key, monitor=monitor.within("kernel"))
        values = scale.values(samples)
        targets, plan = _statistics(values, scale)
        expansion, left_out = regression.solved(samples, task.layout, targets, settings)
        crossed = jnp.asarray(left_out, rows.dtype)
        waves = expansion.columns.waves(samples.predictors)
        marginals = []
        for i, (head, (cells, outputs)) in enumerate(zip(scale.heads, plan, strict=True)):
            stage = monitor.within(f"{task.layout.channels[i]}")
            one = self._trained(head, cells, outputs, crossed, waves, values, jax.random.fold_in(net_key, i), stage)
            marginals.append(one)
        random = generator(tie_key)
        ties, gaps = (jnp.asarray(random.random(s), rows.dtype) for s in ((len(rows), 1), rows.shape))
        ranks = _ranks(marginals, crossed, waves, jnp.asarray(values, rows.dtype), ties, gaps)
        moods = _moods(crossed, marginals)
        return _KernelDistributionModel(task.layout, expansion, scale, tuple(marginals), ranks, moods, self.pool)

    def _trained(self, head, cells, outputs, crossed, waves, values, key, monitor) -> _Marginal:
        """The network of one channel."""
        x, mean, std = _normalised(crossed, jnp.asarray(outputs), waves)
        y = values[:, cells]
        start = head.start(y[np.isfinite(y)])
        build_key, fit_key = jax.random.split(key)
        networks = CellNetwork.of(
            x.shape[-1],
            len(cells),
            start=start,
            hidden=self.hidden,
            code=self.code,
            members=self.members,
            random=generator(build_key),
        )
        fitted = fit(
            networks,
            NegativeLogLikelihood(head),
            InMemory((x, jnp.asarray(y, x.dtype)), self.batch),
            cosine_adamw(self.learning_rate, self.steps, 1e-3),
            self.steps,
            key=fit_key,
            members=self.members,
            monitor=monitor,
        )
        return _Marginal(head, jnp.asarray(cells), jnp.asarray(outputs), mean, std, fitted.model)


def _statistics(values: np.ndarray, scale: Predictive) -> tuple[np.ndarray, list]:
    """Targets of the regression (time, output): the value, then exceedances; and where each channel's stand.

    Places that were never observed have no targets and no distribution.
    """
    targets, plan, used = [], [], 0
    for head, own in zip(scale.heads, scale.known(values), strict=True):
        y = values[:, own]
        stack = [y]
        if head.floor is None:
            levels = np.nanquantile(y, _LEVELS, axis=0)
        else:
            stack.append(_exceeds(y, np.full(y.shape[1], head.floor)))
            wet = np.where(y >= head.floor, y, np.nan)
            enough = np.isfinite(wet).sum(axis=0) > 10
            pooled = np.nanquantile(wet, _WET_LEVELS) if np.isfinite(wet).any() else np.full(3, head.floor)
            levels = np.broadcast_to(pooled[:, None], (len(_WET_LEVELS), y.shape[1])).copy()
            if enough.any():
                levels[:, enough] = np.nanquantile(wet[:, enough], _WET_LEVELS, axis=0)
        stack += [_exceeds(y, level) for level in levels]
        outputs = used + np.arange(len(stack) * y.shape[1]).reshape(len(stack), -1)
        used += outputs.size
        targets += stack
        plan.append((own, outputs))
    return np.concatenate(targets, axis=1), plan


def _exceeds(y: np.ndarray, level: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(y), (y >= level).astype(y.dtype), np.nan)


def _features(outputs: Float[Array, "time output"], where: Int[Array, "statistic cell"], waves: Array) -> Array:
    """(time, cell, feature): the cell's statistics, their means over all cells, the season."""
    own = jnp.moveaxis(outputs[:, where], 1, -1)
    shape = own.shape[:2]
    mean = jnp.broadcast_to(jnp.mean(own, axis=1, keepdims=True), own.shape)
    season = jnp.broadcast_to(waves[:, None], (*shape, waves.shape[1]))
    return jnp.concatenate([own, mean, season], axis=-1)


@eqx.filter_jit
def _normalised(outputs: Array, where: Array, waves: Array) -> tuple[Array, Array, Array]:
    """Features with mean zero and standard deviation one, and what made them so."""
    x = _features(outputs, where, waves)
    mean, std = jnp.mean(x, axis=(0, 1)), jnp.std(x, axis=(0, 1))
    std = jnp.where(std > 1e-6, std, 1.0)
    return (x - mean[None, None]) / std[None, None], mean, std


def _moods(outputs: Float[Array, "time output"], marginals) -> Float[Array, "time channel"]:
    """The outlook of a time: the mean predicted value of each channel."""
    return jnp.stack([jnp.mean(outputs[:, m.outputs[0]], axis=1) for m in marginals], axis=1)


@eqx.filter_jit
def _ranks(
    marginals: list[_Marginal], crossed: Array, waves: Array, values: Array, ties: Array, gaps: Array
) -> Float[Array, "template cell"]:
    """Where each training value lay in its distribution; ties share one number a day, gaps are filled at random."""
    ranks = gaps
    for m in marginals:
        y = values[:, m.cells]
        there = jnp.isfinite(y)
        found = m.head.rank(m.raw(crossed, waves), jnp.where(there, y, 1.0), ties)
        ranks = ranks.at[:, m.cells].set(jnp.where(there, found, ranks[:, m.cells]))
    return jnp.clip(ranks, 1e-6, 1 - 1e-6)
