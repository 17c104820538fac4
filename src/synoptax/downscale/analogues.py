"""Analogues: the fine fields of the most similar training days."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task
from .features import PrincipalComponents
from .target import Target, error


class _AnaloguesModel(AbstractDownscaler):
    layout: Layout
    features: PrincipalComponents
    library: Float[Array, "day feature"]
    target: Target
    rows: Float[Array, "day cell"]
    count: int = eqx.field(static=True)

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        nearest, weights = self._nearest(predictors)
        return self.target.fields(_mean(self.rows, nearest, weights), predictors)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """Whole fields of analogues, drawn in proportion to their weights: space and channels stay consistent."""
        nearest, weights = self._nearest(predictors)
        keys = jax.random.split(key, len(predictors))
        chosen = jax.vmap(lambda n, w, k: n[jax.random.categorical(k, jnp.log(w + 1e-30), shape=(count,))])(
            nearest, weights, keys
        )
        return jnp.stack([self.target.fields(self.rows[chosen[:, i]], predictors) for i in range(count)])

    def _nearest(self, predictors: Predictors) -> tuple[Array, Array]:
        x = self.features(predictors)
        squares = jnp.sum(x**2, 1)[:, None] + jnp.sum(self.library**2, 1)[None] - 2 * x @ self.library.T
        distance, nearest = jax.lax.top_k(-squares, self.count)
        weights = 1.0 / jnp.sqrt(jnp.maximum(-distance, 1e-12))
        return nearest, weights / jnp.sum(weights, axis=1, keepdims=True)


class Analogues(AbstractMethod):
    """The mean, or a random draw, of the fine fields of the days whose coarse fields look most alike.

    Distance is Euclidean among principal components of the predictors; weights are one over distance.

    Use it for precipitation and wherever the distribution is far from Gaussian: every member is a field that has
    happened. Needs years of data. Cost: one matrix product of times x training days.

    **Arguments:**
    - `counts`: numbers of analogues tried on the validation block.
    - `components`: numbers of principal components tried.

    **Good values:** 20 to 50 analogues in 10 to 20 components, for some thousand days.

    **Fails when:** the present day lies outside what has been seen (a warmer climate), or the record is short.

    Reference: Zorita and von Storch (1999), doi:10.1175/1520-0442(1999)012<2474:TAMAAS>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "probabilistic"})
    cite: ClassVar[str] = "Zorita and von Storch (1999), doi:10.1175/1520-0442(1999)012<2474:TAMAAS>2.0.CO;2"

    counts: tuple[int, ...] = eqx.field(static=True, default=(5, 10, 20, 40, 80))
    components: tuple[int, ...] = eqx.field(static=True, default=(5, 10, 20, 40))

    @classmethod
    def example(cls) -> "Analogues":
        return cls(counts=(3, 6), components=(4,))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Tunes both numbers on the validation block; the library stays the training block."""
        del key
        target = Target.of(task.train, task.layout, None)
        rows, truth = target.rows(task.train), target.rows(task.valid)
        known = np.asarray(jnp.any(jnp.isfinite(rows), axis=1))
        library = task.train.at(np.flatnonzero(known))
        best: tuple[float, _AnaloguesModel | None] = (np.inf, None)
        for done, size in enumerate(self.components):
            features = PrincipalComponents.of(library.predictors, components=size)
            for count in sorted({min(c, int(known.sum())) for c in self.counts}):
                model = _AnaloguesModel(task.layout, features, features(library.predictors), target, rows[known], count)
                predicted = _mean(model.rows, *model._nearest(task.valid.predictors))
                score = error(truth, predicted, target.weights())
                if score < best[0] or best[1] is None:
                    best = (score, model)
            monitor(done + 1, len(self.components), f"validation error {best[0]:.4g}")
        assert best[1] is not None
        return best[1]


def _mean(rows: Array, nearest: Array, weights: Array) -> Array:
    """Weighted mean over analogues, missing values left out; memory stays at (time, cell)."""

    def add(carry, pair):
        total, weight = carry
        value, w = rows[pair[0]], pair[1][:, None]
        present = jnp.isfinite(value)
        return (total + jnp.where(present, value, 0.0) * w, weight + present * w), None

    zero = jnp.zeros((nearest.shape[0], rows.shape[1]), rows.dtype)
    (total, weight), _ = jax.lax.scan(add, (zero, zero), (nearest.T, weights.T))
    return total / jnp.maximum(weight, 1e-12)
