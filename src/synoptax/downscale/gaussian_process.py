"""Gaussian process regression that learns which predictor patterns matter."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy import linalg

from ..core import InputError, Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Samples, Task, joined
from .kernel import completed, contiguous, left_out
from .relevance import Components, Relevance, learnt
from .target import Target

_OUTPUTS = 20  # principal components of the target that the search sees
_TUNED = 1500  # samples that the search sees: its cost grows with the cube


class _GaussianProcessModel(AbstractDownscaler):
    layout: Layout
    components: Components
    relevance: Relevance
    library: Float[Array, "sample feature"]
    inverse: Float[Array, "sample sample"]
    coefficients: Float[Array, "sample cell"]
    mean: Float[Array, " cell"]
    misses: Float[Array, "sample cell"]
    target: Target

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return self.target.fields(self._expected(predictors)[0], predictors)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """Mean plus a random mixture of the left-out misses, whose covariance in space it so has exactly.

        Days are independent of each other. The spread grows where the predictors are unlike those of training.
        """
        rows, cross = self._expected(predictors)
        features = self.components(predictors)
        own = self.relevance.diagonal(self.components.groups, features) + self.relevance.variance
        spread = jnp.sqrt(jnp.maximum(own - jnp.sum((cross @ self.inverse) * cross, axis=1), self.relevance.variance))

        def member(k):
            mixture = jax.random.normal(k, (rows.shape[0], self.misses.shape[0]), rows.dtype)
            noise = mixture @ self.misses / np.sqrt(self.misses.shape[0])
            return self.target.fields(rows + spread[:, None] * noise, predictors)

        return jax.lax.map(member, jax.random.split(key, count))

    def _expected(self, predictors: Predictors) -> tuple[Float[Array, "time cell"], Float[Array, "time sample"]]:
        cross = self.relevance.matrix(self.components.groups, self.components(predictors), self.library)
        return cross @ self.coefficients + self.mean[None], cross


class GaussianProcess(AbstractMethod):
    """Kernel regression, straight and bent, in which every leading predictor pattern has a weight that is learnt.

    z = f(x) + ε,   k(x, x') = a exp(-½ Σ_g b_g |x_g - x'_g|²) + Σ_g l_g x_g·x'_g + 1,   ε ~ N(0, σ²)

    x_g are principal components of each predictor variable at each time offset: the first `leading` have a weight each,
    the others share one. All l, b, a, σ² are found by gradient descent on the error for left-out contiguous blocks;
    training and validation data are used together. Outputs share the kernel; their covariance is that of the left-out
    misses, and members are drawn from it (normal on the scale of the task's transform).

    Use it for temperature and other nearly normal targets with some hundred to some thousand samples and several
    predictor variables. Not for rain where occurrence matters (`KernelDistribution`), nor for more than some thousand
    samples. Cost: `steps` times `folds` Cholesky factors with their derivatives, of at most 1500 samples; ten to sixty
    seconds for a thousand days on two cores.

    **Arguments:**
    - `components`: patterns of each predictor variable.
    - `leading`: how many of them have a weight of their own, per time offset.
    - `folds`: contiguous blocks; make them much longer than the weather's memory.
    - `steps`, `rate`: of the descent.
    - `limit`: most training times; evenly thinned beyond.
    - `base`: an interpolation whose prediction is taken out first, or None.

    **Good values:** the defaults.

    **Fails when:** tomorrow's climate lies outside the training data: the bent part falls back to the straight one,
    and the spread of the members grows.

    Reference: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, ISBN 026218253X, chapters 2, 5.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "probabilistic", "uses_validation"}
    )
    cite: ClassVar[str] = "Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, ISBN 026218253X"

    components: int = eqx.field(static=True, default=30)
    leading: int = eqx.field(static=True, default=6)
    folds: int = eqx.field(static=True, default=4)
    steps: int = eqx.field(static=True, default=25)
    rate: float = eqx.field(static=True, default=0.25)
    limit: int = eqx.field(static=True, default=3000)
    base: AbstractMethod | None = None

    def __check_init__(self) -> None:
        least = min(self.components, self.steps, self.limit)
        if least < 1 or self.leading < 0 or self.folds < 2:
            raise InputError("GaussianProcess needs two folds or more, and at least one component, step and sample.")

    @classmethod
    def example(cls) -> "GaussianProcess":
        return cls(components=8, leading=2, folds=3, steps=4)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """The descent, then one solve; deterministic, `key` only feeds the base."""
        base = None if self.base is None else self.base.fit(task, key=key, monitor=monitor.within("base"))
        samples = self._thinned(joined(task.train, task.valid))
        components = Components.of(samples.predictors, task.layout, components=self.components, leading=self.leading)
        target = Target.of(samples, task.layout, base)
        x, rows = components(samples.predictors), np.asarray(target.rows(samples))
        stride = -(-len(samples) // _TUNED)
        relevance = learnt(
            components,
            x[::stride],
            jnp.asarray(_principal(rows * np.sqrt(np.asarray(target.weights())))[::stride], x.dtype),
            folds=self.folds,
            steps=self.steps,
            rate=self.rate,
            monitor=monitor,
        )
        return self._solved(task, components, relevance, x, rows, target)

    def _solved(
        self, task: Task, components: Components, relevance: Relevance, x: Array, rows: np.ndarray, target: Target
    ) -> AbstractDownscaler:
        """The regression on all samples; the misses are those of left-out blocks over their predicted spread."""
        noise = float(relevance.variance)
        gram = np.asarray(relevance.matrix(components.groups, x, x), np.float64)
        inverse = linalg.inv(gram + noise * np.eye(len(gram)), check_finite=False)
        there = np.isfinite(rows)
        mean = np.where(there, rows, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
        filled = completed(inverse, noise, rows - mean)
        blocks = contiguous(len(rows), 2 * self.folds)
        spread = np.concatenate([np.sqrt(np.diag(np.linalg.inv(inverse[np.ix_(b, b)]))) for b in blocks])
        misses = np.where(there, filled - left_out(inverse, filled, blocks), 0.0) / spread[:, None]

        def cast(part: np.ndarray) -> Array:
            return jnp.asarray(part, x.dtype)

        return _GaussianProcessModel(
            layout=task.layout,
            components=components,
            relevance=relevance,
            library=x,
            inverse=cast(inverse),
            coefficients=cast(inverse @ filled),
            mean=cast(mean),
            misses=cast(misses),
            target=target,
        )

    def _thinned(self, samples: Samples) -> Samples:
        """Times with a target, no more than the limit."""
        truth = np.asarray(samples.truth)
        known = np.flatnonzero(np.isfinite(truth).reshape(len(truth), -1).any(axis=1))
        if known.size < 4 * self.folds:
            raise InputError(
                f"{self.folds} folds need at least {4 * self.folds} times with targets; given {known.size}: lengthen "
                "--train."
            )
        known = known[np.unique(np.linspace(0, known.size - 1, min(self.limit, known.size)).round().astype(int))]
        return samples if known.size == len(truth) else samples.at(known)


def _principal(rows: Float[np.ndarray, "time cell"]) -> Float[np.ndarray, "time output"]:
    """The leading principal components of the target, which hold nearly all its variance; gaps count as the mean."""
    filled = np.nan_to_num(rows)
    filled = filled - filled.mean(axis=0)
    left, size, _ = np.linalg.svd(filled, full_matrices=False)
    keep = min(_OUTPUTS, filled.shape[1], len(filled))
    return left[:, :keep] * size[:keep] / max(float(np.sqrt(np.sum(size[:keep] ** 2) / len(filled) / keep)), 1e-30)
