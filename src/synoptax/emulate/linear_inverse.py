"""The linear inverse model: the reference that a learned forecast has to beat."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields import HarmonicClimatology
from ..fields.normalise import AbstractTransform
from ..learn import AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Samples, Task, joined

_LEAST = 1e-10


class _LinearInverseModel(AbstractDownscaler):
    layout: Layout
    before: HarmonicClimatology
    after: HarmonicClimatology
    patterns: Float[Array, "cell component"]
    unweighted: Float[Array, " cell"]
    propagator: Float[Array, "component component"]
    noise: Float[Array, "component component"]
    newest: tuple[int, ...] = eqx.field(static=True)

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return self._fields(self._ahead(predictors), predictors)

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """The noise is that of the left-over of the training times, normal, in the space of the components."""
        ahead = self._ahead(predictors)

        def member(k: PRNGKeyArray) -> Array:
            drawn = jax.random.normal(k, ahead.shape, ahead.dtype) @ self.noise.T
            return self._fields(ahead + drawn, predictors)

        return jax.lax.map(member, jax.random.split(key, count))

    def _ahead(self, predictors: Predictors) -> Float[Array, "time component"]:
        own = predictors.fields[0][:, list(self.newest)]
        own = _transformed(own, self.layout.transforms)
        anomaly = own - self.before(predictors.phases)
        flat = jnp.where(jnp.isfinite(anomaly), anomaly, 0.0).reshape(own.shape[0], -1)
        return flat @ self.patterns @ self.propagator

    def _fields(self, components: Float[Array, "time component"], predictors: Predictors) -> Array:
        flat = (components @ self.patterns.T) * self.unweighted[None]
        fields = self.after(predictors.phases) + flat.reshape(-1, *self.after.coefficients.shape[1:])
        return jnp.stack([t.inverse(fields[:, i]) for i, t in enumerate(self.layout.transforms)], axis=1)


class LinearInverse(AbstractMethod):
    """A linear inverse model: anomalies from the seasonal cycle, projected on a few patterns, propagated by a matrix.

    x(t + τ) = G x(t) + ε,   G = C(τ) (C(0) + α tr C(0)/k)⁻¹,   C(τ) = ⟨x(t + τ) x(t)ᵀ⟩, x the leading components

    Several variables share the patterns; each counts by its standard deviation, so that units do not matter.

    Use it first: it needs seconds, is stable and hard to beat at monthly leads. Not where past fields say more than the
    newest one (daily weather): it sees that one only. Cost: one singular value decomposition of times × cells, and one
    small solve a setting.

    **Arguments:**
    - `components`: numbers of patterns tried on the validation data.
    - `penalties`: values of α tried there; 0 is the classical model.
    - `yearly`: harmonics of the seasonal cycle.
    - `refit`: after tuning, fit again on training and validation data together.

    **Good values:** the defaults, which tune 5 to 240 components.

    **Fails when:** more components than the training times support are asked for without a penalty; the dynamics is
    nonlinear or seasonal. Draws are too alike: what lies outside the components is not drawn, and the variance of the
    left-over is that of the times it was fitted on.

    Reference: Penland and Sardeshmukh (1995), doi:10.1175/1520-0442(1995)008<1999:TOGOTS>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "linear"})
    cite: ClassVar[str] = "Penland and Sardeshmukh (1995), doi:10.1175/1520-0442(1995)008<1999:TOGOTS>2.0.CO;2"

    components: tuple[int, ...] = eqx.field(static=True, default=(5, 8, 12, 16, 20, 30, 40, 60, 80, 120, 160, 240))
    penalties: tuple[float, ...] = eqx.field(static=True, default=(0.0, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0))
    yearly: int = eqx.field(static=True, default=3)
    refit: bool = eqx.field(static=True, default=True)

    def __check_init__(self) -> None:
        if not self.components or min(self.components) < 1 or not self.penalties or min(self.penalties) < 0:
            raise InputError("A linear inverse model needs positive numbers of components and penalties from zero on.")

    @classmethod
    def example(cls) -> "LinearInverse":
        """Two components."""
        return cls(components=(2,), penalties=(0.0,))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Chooses components and penalty on the validation data, then uses both blocks (with `refit`); deterministic.

        **Raises:** `InputError` when the predictors do not hold the targets' variables on the same place.
        """
        del key
        newest = _newest(task.layout)
        settings = [(k, a) for k in self.components for a in self.penalties]
        space = _Space.of(task.train, task.layout, newest, self.yearly)
        held = space.whitened(task.valid)
        errors = [space.error(k, a, held) for k, a in settings]
        chosen = settings[int(np.argmin(errors))]
        monitor(len(settings), len(settings), f"validation error {min(errors):.4g} with {chosen[0]} components")
        if self.refit:
            space = _Space.of(joined(task.train, task.valid), task.layout, newest, self.yearly)
        return space.model(*chosen)


@dataclasses.dataclass(frozen=True)
class _Space:
    """Anomalies at both ends of the forecast in the space of all patterns, from which models of any size are cut."""

    layout: Layout
    newest: tuple[int, ...]
    before: HarmonicClimatology
    after: HarmonicClimatology
    patterns: np.ndarray
    weights: np.ndarray  # root of the area over the standard deviation of the variable
    first: np.ndarray
    second: np.ndarray

    @classmethod
    def of(cls, samples: Samples, layout: Layout, newest: tuple[int, ...], yearly: int) -> "_Space":
        phases = samples.predictors.phases
        before = HarmonicClimatology.of(_own(samples, layout, newest), phases, yearly=yearly)
        after = HarmonicClimatology.of(_transformed(samples.truth, layout.transforms), phases, yearly=yearly)
        area = np.broadcast_to(np.asarray(layout.place.weights(), float), samples.truth.shape[2:])
        moved = np.asarray(_transformed(samples.truth, layout.transforms) - after(phases), float)
        there = np.isfinite(moved) * area
        spread = np.sqrt(np.nansum(moved**2 * area, axis=(0, 2, 3)) / np.maximum(there.sum(axis=(0, 2, 3)), 1e-30))
        weights = np.sqrt(area).ravel() / np.where(spread > 0, spread, 1.0)[:, None]
        space = cls(layout, newest, before, after, np.eye(0), weights.ravel(), np.eye(0), np.eye(0))
        first, second = (_flat(x) for x in space.whitened(samples))
        _, _, vectors = np.linalg.svd(first, full_matrices=False)
        return dataclasses.replace(space, patterns=vectors.T, first=first @ vectors.T, second=second @ vectors.T)

    def whitened(self, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
        """Weighted anomalies at both ends, shape (time, cell), NaN where missing."""
        phases = samples.predictors.phases
        own = _own(samples, self.layout, self.newest) - self.before(phases)
        later = _transformed(samples.truth, self.layout.transforms) - self.after(phases)
        return tuple(np.asarray(x, float).reshape(len(x), -1) * self.weights for x in (own, later))  # type: ignore

    def error(self, count: int, alpha: float, held: tuple[np.ndarray, np.ndarray]) -> float:
        """Root mean square error in standard deviations of each variable, weighted by area."""
        k = min(count, self.first.shape[1])
        ahead = _flat(held[0]) @ self.patterns[:, :k] @ self._propagator(k, alpha) @ self.patterns[:, :k].T
        return float(np.sqrt(np.nanmean((ahead - held[1]) ** 2)))

    def model(self, count: int, alpha: float) -> _LinearInverseModel:
        """With so many patterns and this penalty."""
        k = min(count, self.first.shape[1])
        matrix = self._propagator(k, alpha)
        left = self.second[:, :k] - self.first[:, :k] @ matrix
        covariance = left.T @ left / len(left)
        values, axes = np.linalg.eigh(covariance)
        noise = axes * np.sqrt(np.maximum(values, 0.0))
        dtype = self.after.coefficients.dtype
        place = np.where(self.weights > 0, self.weights, 1.0)
        return _LinearInverseModel(
            layout=self.layout,
            before=self.before,
            after=self.after,
            patterns=jnp.asarray(self.patterns[:, :k] * self.weights[:, None], dtype),
            unweighted=jnp.asarray(1.0 / place**2, dtype),
            propagator=jnp.asarray(matrix, dtype),
            noise=jnp.asarray(noise, dtype),
            newest=self.newest,
        )

    def _propagator(self, k: int, alpha: float) -> np.ndarray:
        """Gᵀ."""
        x, y = self.first[:, :k], self.second[:, :k]
        now = x.T @ x / len(x)
        least = max(alpha, _LEAST)  # as many patterns as times leave a matrix without inverse
        return np.linalg.solve(now + least * np.trace(now) / k * np.eye(k), x.T @ y / len(x))


def _own(samples: Samples, layout: Layout, newest: tuple[int, ...]) -> Array:
    return _transformed(samples.predictors.fields[0][:, list(newest)], layout.transforms)


def _newest(layout: Layout) -> tuple[int, ...]:
    """Channels of the first source that are the targets at the time of the forecast's start."""
    pairs = layout.counterparts
    if any(p is None or p[0] != 0 for p in pairs) or layout.sources[0].place != layout.place:
        raise InputError(
            "A linear inverse model forecasts the variables that it reads, on the same place; give predictors that "
            "hold the targets at the start of the forecast."
        )
    return tuple(p[1] for p in pairs if p is not None)


def _transformed(fields: Array, transforms: tuple[AbstractTransform, ...]) -> Array:
    return jnp.stack([t.forward(fields[:, i]) for i, t in enumerate(transforms)], axis=1)


def _flat(rows: np.ndarray) -> np.ndarray:
    return np.where(np.isfinite(rows), rows, 0.0)
