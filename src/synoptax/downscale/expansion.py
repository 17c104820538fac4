"""A fitted kernel regression, and how it is fitted: shared by the methods that stand on it."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..records import Layout, Predictors, Samples
from .kernel import Kernel, Setting, completed, contiguous, features, left_out, search
from .local_features import Columns, Roles, projection

_TUNED = 1000  # samples that the search sees: its cost grows with the cube
_CELLS = 200  # target cells that the search sees


class Expansion(eqx.Module):
    """f(x) = intercept + Σᵢ aᵢ k(x, xᵢ) over the training times, many outputs at once.

    **Arguments:**
    - `columns`, `patterns`: predictors to localised components.
    - `cycle`, `scale`, `linear`: of `Emphasis` and `Kernel`.
    - `library`: features of the training times.
    - `coefficients`: shape (training time, output).
    """

    columns: Columns
    patterns: Float[Array, "column component"]
    library: Float[Array, "sample feature"]
    coefficients: Float[Array, "sample output"]
    intercept: Float[Array, " output"]
    cycle: float
    scale: float
    linear: float

    def features(self, predictors: Predictors) -> Float[Array, "time feature"]:
        """Localised components and weighted harmonics."""
        waves = self.cycle * self.columns.waves(predictors)
        return jnp.concatenate([self.columns(predictors) @ self.patterns, waves], axis=1)

    def __call__(self, predictors: Predictors) -> Float[Array, "time output"]:
        """All outputs at all times."""
        x, y = self.features(predictors), self.library
        product = x @ y.T
        squares = jnp.sum(x**2, axis=1)[:, None] + jnp.sum(y**2, axis=1)[None] - 2 * product
        kernel = jnp.exp(-jnp.maximum(squares, 0.0) / (2 * self.scale**2)) + self.linear * product + 1.0
        return kernel @ self.coefficients + self.intercept[None]


class Expansions(eqx.Module):
    """The mean of several expansions: each came from a search of its own."""

    parts: tuple[Expansion, ...]

    @property
    def columns(self) -> Columns:
        """What all parts read."""
        return self.parts[0].columns

    def __call__(self, predictors: Predictors) -> Float[Array, "time output"]:
        """All outputs at all times."""
        total = self.parts[0](predictors)
        for part in self.parts[1:]:
            total = total + part(predictors)
        return total / len(self.parts)


@dataclasses.dataclass(frozen=True)
class Regression:
    """How a kernel regression is fitted; the common settings of the methods built on it.

    **Arguments:**
    - `components`: localised principal components.
    - `walks`: searches, whose regressions are averaged.
    - `trials`: settings tried in each.
    - `folds`: contiguous blocks, each predicted from the others.
    - `limit`: most training times kept; evenly thinned beyond.
    """

    components: int
    walks: int
    trials: int
    folds: int
    limit: int

    def thinned(self, samples: Samples) -> Samples:
        """Times with a target, no more than the limit.

        **Raises:** `InputError` when fewer than four are left.
        """
        truth = np.asarray(samples.truth)
        known = np.flatnonzero(np.isfinite(truth).reshape(len(truth), -1).any(axis=1))
        if known.size < 4:
            raise InputError(
                f"A kernel regression needs at least four times with targets; given {known.size}: lengthen --train."
            )
        known = known[np.unique(np.linspace(0, known.size - 1, min(self.limit, known.size)).round().astype(int))]
        return samples if known.size == len(truth) else samples.at(known)

    def tuned(
        self,
        samples: Samples,
        layout: Layout,
        rows: Float[np.ndarray, "time cell"],
        *,
        key: PRNGKeyArray,
        monitor: Monitor,
    ) -> tuple[Setting, ...]:
        """Settings that predict left-out blocks of `rows` (normalised, NaN where missing) best, one a search."""
        stride = -(-len(samples) // _TUNED)
        cells = np.flatnonzero(np.isfinite(rows).any(axis=0))
        cells = cells[:: -(-cells.size // _CELLS)]
        seen, waves = _read(Columns.of(samples.predictors, layout), samples)
        found = []
        for walk in range(self.walks):
            best = search(
                Setting.start(layout.sources),
                seen[::stride],
                waves[::stride],
                Roles.of(layout),
                rows[::stride][:, cells],
                components=self.components,
                trials=self.trials,
                folds=self.folds,
                random=generator(jax.random.fold_in(key, walk)),
                monitor=monitor.within(f"walk{walk}"),
            )
            found.append(best)
        return tuple(found)

    def solved(
        self, samples: Samples, layout: Layout, targets: Float[np.ndarray, "time output"], settings: tuple[Setting, ...]
    ) -> tuple[Expansions, Float[np.ndarray, "time output"]]:
        """The regressions on all samples, and what they predict for each block of them when that is left out."""
        done = [self._one(samples, layout, targets, s) for s in settings]
        return Expansions(tuple(e for e, _ in done)), np.mean([c for _, c in done], axis=0)

    def _one(
        self, samples: Samples, layout: Layout, targets: Float[np.ndarray, "time output"], setting: Setting
    ) -> tuple[Expansion, Float[np.ndarray, "time output"]]:
        columns = Columns.of(samples.predictors, layout)
        rows, waves = _read(columns, samples)
        patterns = projection(rows, Roles.of(layout), setting.emphasis, components=self.components)
        x = features(rows, waves, Roles.of(layout), setting.emphasis, self.components)
        kernel, inverse = _inverted(setting.kernel, x)
        with np.errstate(invalid="ignore"):
            counted = np.isfinite(targets)
            mean = np.where(counted, targets, 0.0).sum(axis=0) / np.maximum(counted.sum(axis=0), 1)
        filled = completed(inverse, kernel.noise, (targets - mean).astype(rows.dtype))
        crossed = left_out(inverse, filled, contiguous(len(rows), self.folds)) + mean
        arrays = [jnp.asarray(a, rows.dtype) for a in (patterns, x, inverse @ filled, mean)]
        return Expansion(
            columns, arrays[0], arrays[1], arrays[2], arrays[3], setting.emphasis.cycle, kernel.scale, kernel.linear
        ), crossed


def generator(key: PRNGKeyArray) -> np.random.Generator:
    """Random numbers on the host that depend on the key alone; nothing is compiled for them."""
    return np.random.default_rng(np.asarray(jax.random.key_data(key)).ravel().tolist())


def _read(columns: Columns, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    both = eqx.filter_jit(lambda c, p: (c(p), c.waves(p)))(columns, samples.predictors)
    return np.asarray(both[0]), np.asarray(both[1])


def _inverted(kernel: Kernel, x: np.ndarray) -> tuple[Kernel, np.ndarray]:
    """The inverse, with as much noise as the precision needs."""
    while (inverse := kernel.inverse(x)) is None:
        kernel = dataclasses.replace(kernel, noise=2 * kernel.noise)
    return kernel, inverse
