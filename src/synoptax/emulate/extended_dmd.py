"""Dynamic mode decomposition, linear or in products of the modes."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Samples, Task
from .reader import Reader


class _ModesModel(AbstractDeterministic):
    layout: Layout
    reader: Reader
    modes: Float[Array, "cell mode"]
    matrix: Float[Array, "feature mode"]
    products: int = eqx.field(static=True)

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        newest = self.reader.past(predictors.fields[0])[:, -1]
        flat = newest.reshape(len(predictors), -1)
        modes = self.modes.astype(flat.dtype)
        move = features(flat @ modes, self.products) @ self.matrix.astype(flat.dtype)
        return self.reader.fields_out((flat + move @ modes.T).reshape(newest.shape))


class ExtendedDMD(AbstractMethod):
    """Extended dynamic mode decomposition: fields as amplitudes of a few modes, and a regression that steps them.

    a(t + τ) − a(t) = Kᵀ ψ(a(t)),   ψ = (1, a, a_i a_j for i ≤ j ≤ p),   x = mean + Σ a_m mode_m,

    mode_m the eigenvectors of ⟨x xᵀ⟩ about one mean a variable, so that the map of the time mean is among them; cells
    count alike whatever their area.

    With p = 0 it is dynamic mode decomposition with a constant. When to use: as the classical reference beside
    networks; equations of advective kind are quadratic, and so is their step for a short τ. When not: fields that need
    hundreds of modes, or more features than times. Cost: an eigendecomposition of cells x variables squared, which
    limits it to some thousand numbers a field, and one solve of (modes + p²/2) unknowns a setting; a step is a product
    of that size.

    **Arguments:**
    - `modes`: numbers of modes tried on the validation data.
    - `products`: numbers p of leading modes whose products are features, tried there.
    - `penalties`: ridge penalties tried there, over the mean variance of a feature.

    **Good values:** modes that hold 99 % of the variance, p as large as the times allow.

    **Fails when:** amplitudes leave what was seen: products make the run blow up. Times with a gap are left out; where
    every field has one, fill them first.

    Reference: Williams, Kevrekidis and Rowley (2015), doi:10.1007/s00332-015-9258-5.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets"})
    cite: ClassVar[str] = "Williams, Kevrekidis and Rowley (2015), doi:10.1007/s00332-015-9258-5"

    modes: tuple[int, ...] = eqx.field(static=True, default=(16, 32, 64))
    products: tuple[int, ...] = eqx.field(static=True, default=(0, 8, 32))
    penalties: tuple[float, ...] = eqx.field(static=True, default=(1e-6, 1e-4, 1e-2))

    def __check_init__(self) -> None:
        if not self.modes or min(self.modes) < 1 or not self.products or min(self.products) < 0:
            raise InputError(
                "Dynamic mode decomposition needs positive numbers of modes, and of products from zero on."
            )
        if not self.penalties or min(self.penalties) <= 0:
            raise InputError(f"Dynamic mode decomposition needs positive penalties; given {self.penalties}.")

    @classmethod
    def example(cls) -> "ExtendedDMD":
        """Two modes, linear."""
        return cls(modes=(2,), products=(0, 1), penalties=(1e-6,))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Chooses the setting with the least one-step error on the validation data; deterministic.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past.
        """
        del key
        space = _Modes.of(task)
        settings = [(m, p) for m in self.modes for p in self.products if p <= m] or [(self.modes[0], 0)]
        best, chosen = np.inf, None
        for number, (m, p) in enumerate(settings):
            for penalty in self.penalties:
                matrix, error = space.solved(m, p, penalty)
                if error < best:
                    best, chosen = error, (m, p, matrix)
            monitor(number + 1, len(settings), f"validation error {best:.4g}")
        if chosen is None:
            raise InputError("No setting of the dynamic mode decomposition gave a finite error; check the data.")
        m, p, matrix = chosen
        dtype = task.train.truth.dtype
        modes = jnp.asarray(space.modes[:, :m], dtype)
        return _ModesModel(task.layout, space.reader, modes, jnp.asarray(matrix, dtype), p)


@dataclasses.dataclass(frozen=True)
class _Modes:
    """Amplitudes of all modes at both ends of the step, of training and validation times."""

    reader: Reader
    modes: np.ndarray
    learn: tuple[np.ndarray, np.ndarray]
    tune: tuple[np.ndarray, np.ndarray]
    beyond: np.ndarray  # squared error of the last part of the validation target that each number of modes misses

    @classmethod
    def of(cls, task: Task) -> "_Modes":
        reader = Reader.of(task, who="ExtendedDMD")
        (first, second), (before, after) = (_ends(s, reader) for s in (task.train, task.valid))
        _, vectors = np.linalg.eigh(first.T @ first)
        modes = vectors[:, ::-1]
        learn, tune = (first @ modes, second @ modes), (before @ modes, after @ modes)
        left = np.sum((tune[1] - tune[0]) ** 2, axis=0)
        return cls(reader, modes, learn, tune, np.append(np.cumsum(left[::-1])[::-1], 0.0))

    def solved(self, count: int, products: int, penalty: float) -> tuple[np.ndarray, float]:
        """The regression of so many modes, and the squared error of the validation fields."""
        m = min(count, self.modes.shape[1])
        given, held = (features(ends[0][:, :m], products, np) for ends in (self.learn, self.tune))
        moved = self.learn[1][:, :m] - self.learn[0][:, :m]
        gram = given.T @ given
        ridge = penalty * np.mean(np.diag(gram)) * np.eye(len(gram))
        matrix = np.linalg.solve(gram + ridge, given.T @ moved)
        error = np.sum((held @ matrix - (self.tune[1] - self.tune[0])[:, :m]) ** 2)
        return matrix, float(error + self.beyond[m])


def features(amplitudes, products: int, np_=jnp):
    """One, the amplitudes, and the products of the leading ones."""
    i, j = np.triu_indices(min(products, amplitudes.shape[1]))
    return np_.concatenate([np_.ones_like(amplitudes[:, :1]), amplitudes, amplitudes[:, i] * amplitudes[:, j]], axis=1)


def _ends(samples: Samples, reader: Reader) -> tuple[np.ndarray, np.ndarray]:
    """Normalised fields before and after, (time, cell), of times without a gap in either."""
    first = np.asarray(reader.past(samples.predictors.fields[0])[:, -1], float)
    second = np.asarray(jnp.where(reader.there, reader.fields_in(samples.truth), 0.0), float)
    whole = (np.isfinite(first) & np.isfinite(second)).all(axis=(1, 2, 3))
    if not whole.any():
        raise InputError("Every field has gaps; dynamic mode decomposition needs some without: fill or mask them.")
    first, second = first[whole], second[whole]
    return first.reshape(len(first), -1), second.reshape(len(second), -1)
