"""Ridge regression on principal components: the linear baseline that every learned method has to beat."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..fields.climatology import missing_patterns
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Samples, Task, joined
from .features import PrincipalComponents
from .target import Target, error


class _RidgeModel(AbstractDeterministic):
    layout: Layout
    features: PrincipalComponents
    slopes: Float[Array, "feature cell"]
    intercept: Float[Array, " cell"]
    target: Target
    chosen: tuple[float, float]  # penalty, number of components

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        rows = self.features(predictors)[:, : self.slopes.shape[0]] @ self.slopes + self.intercept[None]
        return self.target.fields(rows, predictors)


class Ridge(AbstractMethod):
    """Linear regression of every fine cell on all coarse cells at once, with a tuned quadratic penalty.

    minimise ‖Z − X B‖² + α n ‖B‖² over B, where X holds the principal components of the normalised predictors (and
    harmonics of year and day) and Z the normalised anomalies of the transformed target.

    Use it first: it is exact, takes seconds, extrapolates linearly, and is hard to beat with a few hundred samples.
    Not for targets with many zeros where the distribution matters. Cost: one singular value decomposition of
    (times x coarse cells) and one small solve per penalty and per pattern of missing data.

    **Arguments:**
    - `penalties`: values of α tried on the validation block (dimensionless; features and target have variance one).
    - `components`: numbers of principal components tried.
    - `base`: a method whose prediction is taken out first (such as `Bicubic()`), or None.
    - `refit`: after tuning, fit again on training and validation data together.

    **Good values:** the defaults; `components` beyond the number of training times are cut to it.

    **Fails when:** the relation depends on the flow (fronts, convection): it then predicts the mean of the regimes.

    Reference: Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "linear"})
    cite: ClassVar[str] = "Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634"

    penalties: tuple[float, ...] = eqx.field(
        static=True, default=(1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0)
    )
    components: tuple[int, ...] = eqx.field(static=True, default=(10, 20, 40, 80, 160, 320))
    base: AbstractMethod | None = None
    refit: bool = eqx.field(static=True, default=True)

    @classmethod
    def example(cls) -> "Ridge":
        return cls(penalties=(1e-4, 1e-2), components=(5, 20))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Tunes penalty and number of components on the validation block; deterministic, `key` only feeds the base."""
        base = None if self.base is None else self.base.fit(task, key=key, monitor=monitor.within("base"))
        features = PrincipalComponents.of(task.train.predictors, components=max(self.components))
        target = Target.of(task.train, task.layout, base)
        x, z = np.asarray(features(task.train.predictors)), np.asarray(target.rows(task.train))
        xv, zv = np.asarray(features(task.valid.predictors)), np.asarray(target.rows(task.valid))
        weights = np.asarray(target.weights())
        best = (np.inf, self.penalties[0], 1)
        sizes = sorted({min(c, features.components) for c in self.components})
        phases = x.shape[1] - features.components
        for i, size in enumerate(sizes):
            keep = np.r_[:size, features.components : features.components + phases]
            fits = _paths(x[:, keep], z, self.penalties)
            for alpha, (slopes, intercept) in zip(self.penalties, fits, strict=True):
                score = error(zv, xv[:, keep] @ slopes + intercept, weights)
                best = min(best, (score, alpha, size))
            monitor(i + 1, len(sizes), f"validation error {best[0]:.4g}")
        return self._final(task, base, best[1], best[2])

    def _final(self, task: Task, base: AbstractDownscaler | None, alpha: float, size: int) -> AbstractDownscaler:
        samples: Samples = joined(task.train, task.valid) if self.refit else task.train
        features = PrincipalComponents.of(samples.predictors, components=size, variance=1.0)
        target = Target.of(samples, task.layout, base)
        x, z = np.asarray(features(samples.predictors)), np.asarray(target.rows(samples))
        slopes, intercept = _paths(x, z, (alpha,))[0]
        dtype = target.normaliser.mean.dtype
        return _RidgeModel(
            task.layout,
            features,
            jnp.asarray(slopes, dtype),
            jnp.asarray(intercept, dtype),
            target,
            (alpha, float(size)),
        )


def _paths(x: np.ndarray, z: np.ndarray, penalties: tuple[float, ...]) -> list[tuple[np.ndarray, np.ndarray]]:
    """Slopes and intercepts for every penalty; columns with the same missing times share one eigendecomposition."""
    x, z = x.astype(np.float64), z.astype(np.float64)
    slopes = np.zeros((len(penalties), x.shape[1], z.shape[1]))
    intercepts = np.zeros((len(penalties), z.shape[1]))
    for present, columns in missing_patterns(z):
        if present.sum() < 2:
            continue
        xp, zp = x[present], z[np.ix_(present, columns)]
        mx, mz = xp.mean(axis=0), zp.mean(axis=0)
        xc = xp - mx
        values, vectors = np.linalg.eigh(xc.T @ xc / len(xc))
        moment = vectors.T @ (xc.T @ (zp - mz)) / len(xc)
        for i, alpha in enumerate(penalties):
            b = vectors @ (moment / (np.maximum(values, 0.0) + alpha)[:, None])
            slopes[i][:, columns] = b
            intercepts[i][columns] = mz - mx @ b
    return list(zip(slopes, intercepts, strict=True))
