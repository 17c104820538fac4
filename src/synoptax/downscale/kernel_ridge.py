"""Kernel ridge regression on what is near the fine place."""

from typing import ClassVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task, joined
from .expansion import Expansions, Regression
from .target import Target


class _KernelRidgeModel(AbstractDeterministic):
    layout: Layout
    expansion: Expansions
    target: Target

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return _predicted(self, predictors)


@eqx.filter_jit
def _predicted(model: _KernelRidgeModel, predictors: Predictors) -> Float[Array, "time channel *fine"]:
    return model.target.fields(model.expansion(predictors), predictors)


class KernelRidge(AbstractMethod):
    """Ridge regression whose relation may bend, on predictors that count less the farther they are from the fine place.

    minimise Σₜ |zₜ - f(xₜ)|² + σ² |f|²,   k(x, x') = exp(-|x - x'|²/2ℓ²) + λ x·x' + 1,
    x = (components of (w_j (predictor_j - mean_j)), partly whitened; h cos, h sin of the year),
    w_j = v_variable u_offset exp(-d_j²/2L²),  d_j the distance to the nearest fine cell

    All of L, ℓ, λ, σ², h and the weights are found by a random walk that predicts left-out contiguous blocks in closed
    form; training and validation data are used together.

    Use it where some hundred to some thousand samples meet a relation that depends on the flow: it contains the linear
    one. Not for more than some ten thousand samples. Cost: one Cholesky inverse of samples² a trial (at most 1000
    samples while searching), and one of all at the end; ten to thirty seconds for nine years of days.

    **Arguments:**
    - `components`: localised principal components.
    - `walks`: searches, whose regressions are averaged.
    - `trials`: settings tried in each.
    - `folds`: contiguous blocks; make them at least as long as the weather's memory.
    - `limit`: most training times; evenly thinned beyond.
    - `base`: an interpolation whose prediction is taken out first, or None.

    **Good values:** the defaults; daily rain on the Balearics from pressure, height and temperature: a reach of about
    300 km.

    **Fails when:** tomorrow's climate lies outside the training data: the bent part falls back to the mean, the linear
    part goes on.

    Reference: Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, ISBN 026218253X, chapters 2, 5.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "uses_validation"})
    cite: ClassVar[str] = "Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, ISBN 026218253X"

    components: int = eqx.field(static=True, default=80)
    walks: int = eqx.field(static=True, default=3)
    trials: int = eqx.field(static=True, default=50)
    folds: int = eqx.field(static=True, default=8)
    limit: int = eqx.field(static=True, default=6000)
    base: AbstractMethod | None = None

    @classmethod
    def example(cls) -> "KernelRidge":
        return cls(components=10, walks=2, trials=4, folds=4)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """The random walk, then one solve; `key` drives the walk."""
        base = None if self.base is None else self.base.fit(task, key=key, monitor=monitor.within("base"))
        regression = Regression(self.components, self.walks, self.trials, self.folds, self.limit)
        samples = regression.thinned(joined(task.train, task.valid))
        target = Target.of(samples, task.layout, base)
        rows = np.asarray(target.rows(samples))
        weighted = rows * np.sqrt(np.asarray(target.weights()))
        settings = regression.tuned(samples, task.layout, weighted, key=key, monitor=monitor)
        expansion, _ = regression.solved(samples, task.layout, rows, settings)
        return _KernelRidgeModel(task.layout, expansion, target)
