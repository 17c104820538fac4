"""Components of every predictor variable, how much each of them counts, and how that is found by gradients."""

import functools
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from ..fields.climatology import usable_harmonics
from ..records import Layout, Predictors

_WAVE = 0.7  # harmonics of year and day start as large as a tied group
_PRIOR = 1e-5  # how strongly the logarithms of the weights are held to where they start


class Components(eqx.Module):
    """Principal components variable by variable, at every time offset on the same patterns, then the harmonics.

    All components of a variable have variance one together.

    **Arguments:**
    - `means`: one per source, shape (channel, *place).
    - `patterns`: per source, per variable, shape (cell, component).
    - `cycle`: numbers of harmonics of year and day that the training times support.
    - `groups`: which weight each feature takes: the first `leading` components of a variable and offset have one each,
      its other components share one, all harmonics share one.
    """

    means: tuple[Float[Array, "channel *coarse"], ...]
    patterns: tuple[tuple[Float[Array, "cell component"], ...], ...]
    groups: Int[Array, " feature"]
    cycle: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, predictors: Predictors, layout: Layout, *, components: int, leading: int) -> "Components":
        """From training predictors; missing cells count as their mean."""
        cycle = usable_harmonics(np.asarray(predictors.phases))
        means, patterns, groups, used = [], [], [], 0
        for field, source in zip(predictors.fields, layout.sources, strict=True):
            values = np.asarray(field, np.float64)
            with np.errstate(invalid="ignore"):
                mean = np.nan_to_num(np.nanmean(values, axis=0))
            anomalies = np.nan_to_num(values - mean).reshape(
                len(values), len(source.neighbours), len(source.variables), -1
            )
            area = np.sqrt(np.asarray(source.place.weights()).reshape(-1))
            own = [_patterns(anomalies[:, :, i], area, components) for i in range(len(source.variables))]
            means.append(jnp.asarray(mean, field.dtype))
            patterns.append(tuple(jnp.asarray(p, field.dtype) for p in own))
            for _ in source.neighbours:
                for p in own:
                    groups.append(used + np.minimum(np.arange(p.shape[1]), leading))
                    used = int(groups[-1].max()) + 1
        if sum(cycle):
            groups.append(np.full(2 * sum(cycle), used))
        return cls(tuple(means), tuple(patterns), jnp.asarray(np.concatenate(groups)), cycle)

    @property
    def count(self) -> int:
        """How many groups there are."""
        return int(np.max(np.asarray(self.groups))) + 1

    def __call__(self, predictors: Predictors) -> Float[Array, "time feature"]:
        columns = []
        for field, mean, patterns in zip(predictors.fields, self.means, self.patterns, strict=True):
            anomaly = field - mean[None]
            anomaly = jnp.where(jnp.isfinite(anomaly), anomaly, 0.0)
            shape = (field.shape[0], field.shape[1] // len(patterns), len(patterns), -1)
            cells = anomaly.reshape(shape)
            for neighbour in range(shape[1]):
                columns += [cells[:, neighbour, i] @ p for i, p in enumerate(patterns)]
        for i, count in enumerate(self.cycle):
            for k in range(1, count + 1):
                angle = k * predictors.phases[:, i : i + 1]
                columns += [_WAVE * jnp.cos(angle), _WAVE * jnp.sin(angle)]
        return jnp.concatenate(columns, axis=1)


class Relevance(eqx.Module):
    """k(x, x') = a exp(-|x - x'|²_b / 2) + x·x'_l + 1, and σ² on the diagonal; all positive numbers as logarithms.

    **Arguments:**
    - `linear`, `bend`: log weights of the groups of features in the linear and in the bent part.
    - `amplitude`, `noise`: log a and log σ².
    """

    linear: Float[Array, " group"]
    bend: Float[Array, " group"]
    amplitude: Float[Array, ""]
    noise: Float[Array, ""]

    @classmethod
    def start(cls, groups: int, dtype) -> "Relevance":
        """Every group alike."""
        return cls(
            jnp.full(groups, -1.5, dtype),
            jnp.full(groups, -2.0, dtype),
            jnp.zeros((), dtype),
            jnp.asarray(-0.9, dtype),
        )

    @property
    def variance(self) -> Float[Array, ""]:
        """σ², never so small that single precision fails."""
        return jnp.exp(self.noise) + 1e-3

    def matrix(
        self, groups: Int[Array, " feature"], x: Float[Array, "a feature"], y: Float[Array, "b feature"]
    ) -> Float[Array, "a b"]:
        """Kernel values between rows of x and rows of y."""
        straight = jnp.exp(self.linear / 2)[None, groups]
        curved = jnp.exp(self.bend / 2)[None, groups]
        u, v = x * curved, y * curved
        squares = jnp.sum(u**2, axis=1)[:, None] + jnp.sum(v**2, axis=1)[None] - 2 * (u @ v.T)
        bent = jnp.exp(self.amplitude - jnp.maximum(squares, 0.0) / 2)
        return bent + (x * straight) @ (y * straight).T + 1.0

    def diagonal(self, groups: Int[Array, " feature"], x: Float[Array, "a feature"]) -> Float[Array, " a"]:
        """Kernel values of every row with itself."""
        return jnp.exp(self.amplitude) + jnp.sum((x * jnp.exp(self.linear / 2)[None, groups]) ** 2, axis=1) + 1.0


def learnt(
    components: Components,
    x: Float[Array, "time feature"],
    targets: Float[Array, "time output"],
    *,
    folds: int,
    steps: int,
    rate: float,
    monitor: Callable[[int, int, str], None],
) -> Relevance:
    """The weights that predict left-out contiguous blocks best, by gradient descent (Adam, cosine schedule).

    **Arguments:**
    - `targets`: no NaN; scaled so that all columns count as they should.
    """
    held, kept = _blocks(len(x), folds)
    first = Relevance.start(components.count, x.dtype)
    now, best = (first, optax.scale_by_adam().init(first)), (jnp.inf, first)
    for step in range(steps):
        speed = jnp.asarray(rate * 0.5 * (1 + np.cos(np.pi * step / steps)), x.dtype)
        now, best = _descend(now, best, first, speed, components.groups, x, targets, held, kept)
        monitor(step + 1, steps, f"left-out error {float(best[0]) ** 0.5:.4g}")
    return best[1]


@jax.jit
def _descend(now, best, first, speed, groups, x, targets, held, kept):
    """One step; remembers the best weights met so far. A direction that is not finite is not taken."""
    weights, moments = now
    (_, error), slope = jax.value_and_grad(_loss, has_aux=True)(weights, first, groups, x, targets, held, kept)
    slope = jax.tree.map(lambda g: jnp.where(jnp.isfinite(g), g, 0.0), slope)
    update, moments = optax.scale_by_adam().update(slope, moments)
    better = error < best[0]
    best = (jnp.where(better, error, best[0]), jax.tree.map(functools.partial(jnp.where, better), weights, best[1]))
    return (jax.tree.map(lambda w, u: w - speed * u, weights, update), moments), best


def _loss(weights, first, groups, x, targets, held, kept):
    def one(block):
        test, train = block
        known = targets[train]
        mean = jnp.mean(known, axis=0, keepdims=True)
        gram = weights.matrix(groups, x[train], x[train]) + weights.variance * jnp.eye(len(train), dtype=x.dtype)
        solved = _solved(gram, known - mean)
        return jnp.sum((targets[test] - mean - weights.matrix(groups, x[test], x[train]) @ solved) ** 2)

    error = jnp.sum(jax.lax.map(one, (held, kept))) / (held.size * targets.shape[1])
    away = [jnp.sum((w - f) ** 2) for w, f in zip(jax.tree.leaves(weights), jax.tree.leaves(first), strict=True)]
    return error + _PRIOR * sum(away), error


def _solved(gram: Float[Array, "n n"], right: Float[Array, "n output"]) -> Float[Array, "n output"]:
    """gram⁻¹ right. Its derivative needs two more solves with the same factor, not the derivative of the factor."""
    factor = jax.lax.stop_gradient(jax.scipy.linalg.cho_factor(gram, lower=True)[0])
    return jax.lax.custom_linear_solve(
        lambda v: gram @ v,
        right,
        lambda _, v: jax.scipy.linalg.cho_solve((factor, True), v),
        symmetric=True,
    )


def _blocks(count: int, folds: int) -> tuple[Int[Array, "fold held"], Int[Array, "fold kept"]]:
    """Equal blocks that are left out in turn, and what is kept then; the few times left over are not used."""
    size = count // folds
    held = np.arange(size * folds).reshape(folds, size)
    kept = np.stack([np.concatenate([held[:i].reshape(-1), held[i + 1 :].reshape(-1)]) for i in range(folds)])
    return jnp.asarray(held), jnp.asarray(kept)


def _patterns(anomalies: np.ndarray, area: np.ndarray, components: int) -> np.ndarray:
    """Leading patterns of a variable over all its time offsets, scaled to total variance one; (cell, component)."""
    flat = anomalies.reshape(-1, anomalies.shape[-1]) * area
    values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    total = max(values.sum(), 1e-30)
    keep = max(1, min(components, int(np.sum(values > 1e-9 * total))))
    return area[:, None] * vectors[:, :keep] / np.sqrt(total)
