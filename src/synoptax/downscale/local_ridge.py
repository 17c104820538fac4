"""Ridge regression that trusts what is near: the penalty of a coarse place grows with its distance."""

from typing import ClassVar, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ..core import InputError, Monitor
from ..fields.climatology import missing_patterns, usable_harmonics
from ..learn.method import AbstractDeterministic, AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Samples, Task, joined
from .locality import Group, groups, weights
from .nearest import Nearest
from .target import Target

_GUARD = 0.06  # of the training times, left out on either side of a part that is held out while tuning


class _Choice(NamedTuple):
    reach: float
    neighbour: float
    level: float
    cycle: float


class _Fold(NamedTuple):
    """Predictors and normalised target of the times to fit on and of those held out, and the target's areas."""

    x: np.ndarray
    z: np.ndarray
    held_x: np.ndarray
    held_z: np.ndarray
    area: np.ndarray

    @classmethod
    def of(cls, fitted: Samples, held: Samples, layout: Layout, base: AbstractDownscaler | None) -> "_Fold":
        stack, target = _Stack.of(fitted.predictors, layout), Target.of(fitted, layout, base)
        rows = [np.asarray(a) for s in (fitted, held) for a in (stack(s.predictors), target.rows(s))]
        return cls(rows[0], rows[1], rows[2], rows[3], np.asarray(target.weights()))


class _Stack(eqx.Module):
    """All predictors as one row a time: (x − mean of the place) / std of the variable; then cosines of the phases."""

    means: tuple[Float[Array, "channel *coarse"], ...]
    stds: tuple[Float[Array, " channel"], ...]
    cycle: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, predictors: Predictors, layout: Layout) -> "_Stack":
        means, stds = [], []
        for field, source in zip(predictors.fields, layout.sources, strict=True):
            values = np.asarray(field, np.float64)
            with np.errstate(invalid="ignore"):
                mean = np.nan_to_num(np.nanmean(values, axis=0))
                spread = np.nanmean((values - mean) ** 2, axis=(0, *range(2, values.ndim)))
            # one scale for a variable and all its neighbouring times
            scale = np.sqrt(np.nan_to_num(spread).reshape(len(source.neighbours), -1).mean(axis=0))
            scale = np.tile(np.where(scale > 1e-12, scale, 1.0), len(source.neighbours))
            means.append(jnp.asarray(mean, field.dtype))
            stds.append(jnp.asarray(scale, field.dtype))
        return cls(tuple(means), tuple(stds), usable_harmonics(np.asarray(predictors.phases)))

    @eqx.filter_jit
    def __call__(self, predictors: Predictors) -> Float[Array, "time feature"]:
        columns = []
        for field, mean, std in zip(predictors.fields, self.means, self.stds, strict=True):
            scaled = (field - mean[None]) / std.reshape(1, -1, *[1] * (mean.ndim - 1))
            columns.append(jnp.where(jnp.isfinite(scaled), scaled, 0.0).reshape(field.shape[0], -1))
        for i, count in enumerate(self.cycle):
            for k in range(1, count + 1):
                angle = k * predictors.phases[:, i : i + 1]
                columns += [jnp.cos(angle), jnp.sin(angle)]
        return jnp.concatenate(columns, axis=1)


class _LocalRidgeModel(AbstractDeterministic):
    layout: Layout
    stack: _Stack
    index: Int[Array, "group near"]
    slopes: Float[Array, "group near slot"]
    intercept: Float[Array, " cell"]
    position: Int[Array, " cell"]
    target: Target
    chosen: tuple[float, ...]  # reach, neighbour, level, cycle, then a penalty a channel

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        rows = self.stack(predictors)
        parts = jax.lax.map(lambda g: rows[:, g[0]] @ g[1], (self.index, self.slopes), batch_size=64)
        flat = jnp.moveaxis(parts, 0, 1).reshape(rows.shape[0], -1)
        return self.target.fields(flat[:, self.position] + self.intercept[None], predictors)


class LocalRidge(AbstractMethod):
    """Linear regression of every fine cell on the coarse fields around it; far places count less, smoothly.

    minimise Σₜ (zₜ − b·φₜ)² + α κ n |b|² for each fine cell, φ = [wⱼ (xⱼ − x̄), level · x̄] with weights
    wⱼ = exp(−(dⱼ/r)^1.5) of the coarse places at distance dⱼ, x̄ = Σ wⱼ² xⱼ / Σ wⱼ² and κ the mean of |φ|². In other
    words: a Gaussian process whose linear kernel is localised, with a prior that shrinks far coefficients.

    Use it where a few hundred samples meet a hundred or more coarse cells: what ordinary ridge wastes on chance
    correlations with far places is saved. Linear, deterministic, extrapolates linearly. Where the coarse field is the
    area mean of the fine one, it predicts departures from the coarse cell and so keeps the area means. Cost: one
    symmetric eigendecomposition (the smaller of times and near predictors) per coarse cell and setting tried.

    **Arguments:**
    - `reaches`: values of r tried, in units of the coarse spacing of each source; `inf` is ordinary ridge.
    - `neighbours`: weights tried for predictors at other times than the target's (1: as good as the same time).
    - `levels`: weights tried for the local mean x̄ against the pattern around it.
    - `cycles`: weights tried for harmonics of year and day.
    - `penalties`: values of α tried, chosen for each target channel.
    - `base`: a method whose prediction is taken out first; None takes the coarse cell's own value where the coarse
      field is the area mean of the fine one, and nothing elsewhere.
    - `refit`: after tuning, fit again on training and validation data together.
    - `tuning_groups`: at most so many coarse cells, spread over the domain, are used while tuning.
    - `rotations`: equal parts of the training times that are held out in turn while tuning, besides the validation
      block (0 for that block alone): a few days are one kind of weather and pick settings by chance.

    The first of each setting is the starting point; they are tuned one after the other.

    **Good values:** the defaults; hourly 2 m temperature over Britain, 4x, two weeks of training: reach 1.5, times
    −2 to 2 with weight 0.35, level 0.1, α 0.3: RMSE 0.83 of tuned ridge.

    **Fails when:** what matters is far away (teleconnections; then a large reach is chosen and it equals ridge), or the
    relation is not linear.

    Reference: Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634, with the penalty of Tikhonov form.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "linear", "coarsen_inverts"}
    )
    cite: ClassVar[str] = "Hoerl and Kennard (1970), doi:10.1080/00401706.1970.10488634"

    reaches: tuple[float, ...] = eqx.field(static=True, default=(1.5, 0.8, 3.0, 8.0))
    neighbours: tuple[float, ...] = eqx.field(static=True, default=(0.35, 0.15, 0.8))
    levels: tuple[float, ...] = eqx.field(static=True, default=(0.1, 1.0))
    cycles: tuple[float, ...] = eqx.field(static=True, default=(0.0, 0.3))
    penalties: tuple[float, ...] = eqx.field(static=True, default=(3e-3, 1e-2, 3e-2, 1e-1, 0.2, 0.4, 0.8, 2.0, 10.0))
    base: AbstractMethod | None = None
    refit: bool = eqx.field(static=True, default=True)
    tuning_groups: int = eqx.field(static=True, default=32)
    rotations: int = eqx.field(static=True, default=3)

    def __check_init__(self) -> None:
        settings = (self.reaches, self.neighbours, self.levels, self.cycles, self.penalties)
        if not all(settings) or sorted(self.penalties) != list(self.penalties):
            raise InputError("LocalRidge needs at least one value of each setting, and penalties in ascending order.")
        if min(self.reaches) <= 0 or min(self.penalties) <= 0 or self.tuning_groups < 1:
            raise InputError("LocalRidge needs reaches, penalties and tuning_groups above zero; correct the one below.")
        if self.rotations != 0 and self.rotations < 2:
            raise InputError(
                f"LocalRidge was given {self.rotations} rotations; give 0, or at least 2 parts to hold out."
            )

    @classmethod
    def example(cls) -> "LocalRidge":
        return cls(reaches=(1.5,), cycles=(0.0,), penalties=(1e-2, 0.3), rotations=0)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Tunes on the validation block, then solves every group of cells; deterministic, `key` only feeds the base."""
        base = self._base(task, key, monitor)
        every = groups(task.layout)
        choice, penalties = self._tuned(task, base, every, monitor.within("tune"))
        samples = joined(task.train, task.valid) if self.refit else task.train
        stack = _Stack.of(samples.predictors, task.layout)
        target = Target.of(samples, task.layout, base)
        x, z = np.asarray(stack(samples.predictors)), np.asarray(target.rows(samples))
        solved = []
        for number, group in enumerate(every):
            index, paths, shift = _solve(x, z, group, choice, task.layout, self.penalties)
            pick = penalties[group.channel]
            slots = np.arange(len(pick))
            solved.append((index, paths[pick, :, slots].T, shift[pick, slots]))
            monitor(number + 1, len(every), "coarse cells solved")
        chosen = (*choice, *(self.penalties[p] for p in penalties))
        return _assembled(task.layout, stack, target, every, solved, tuple(float(c) for c in chosen))

    def _base(self, task: Task, key: PRNGKeyArray, monitor: Monitor) -> AbstractDownscaler | None:
        method = self.base
        if method is None and task.layout.factor is not None and None not in task.layout.counterparts:
            method = Nearest()
        return None if method is None else method.fit(task, key=key, monitor=monitor.within("base"))

    def _tuned(
        self, task: Task, base: AbstractDownscaler | None, every: list[Group], monitor: Monitor
    ) -> tuple[_Choice, np.ndarray]:
        """The best settings on the validation block, and the number of the best penalty for each target channel."""
        data = [_Fold.of(*pair, task.layout, base) for pair in _rotated(task, self.rotations)]
        some = _spread(every, self.tuning_groups)
        scores: dict[_Choice, np.ndarray] = {}

        def score(choice: _Choice) -> float:
            if choice not in scores:
                errors = [_errors(fold, some, choice, task.layout, self.penalties) for fold in data]
                scores[choice] = np.mean(errors, axis=0)
                monitor(len(scores), 0, f"validation error {np.sqrt(scores[choice].min(axis=0).mean()):.4g}")
            return float(scores[choice].min(axis=0).sum())

        best = _Choice(self.reaches[0], self.neighbours[0], self.levels[0], self.cycles[0])
        tried = {"reach": self.reaches, "level": self.levels}
        if any(n for source in task.layout.sources for n in source.neighbours):
            tried["neighbour"] = self.neighbours
        if data[0].x.shape[1] > sum(f[0].size for f in task.train.predictors.fields):
            tried["cycle"] = self.cycles
        for name, values in tried.items():
            best = min((best._replace(**{name: v}) for v in values), key=score)
        return best, scores[best].argmin(axis=0)


def _rotated(task: Task, rotations: int) -> list[tuple[Samples, Samples]]:
    """(Times to fit on, times held out): the task's own, then each part of the training times in turn, with a guard."""
    pairs, count = [(task.train, task.valid)], len(task.train)
    parts = np.array_split(np.arange(count), rotations) if rotations and count >= 8 * rotations else []
    guard = max(1, round(_GUARD * count))
    for part in parts:
        rest = np.r_[: max(part[0] - guard, 0), min(part[-1] + 1 + guard, count) : count]
        pairs.append((joined(task.train.at(rest), task.valid), task.train.at(part)))
    return pairs


def _spread(every: list[Group], most: int) -> list[Group]:
    """One group of each of `most` equal runs, at places in the run that the golden ratio spreads.

    Every n-th group would stand in the same few columns of a grid whose width n divides.
    """
    if len(every) <= most:
        return every
    place = np.arange(most) + (np.arange(most) * (np.sqrt(5.0) - 1) / 2) % 1.0
    return [every[i] for i in np.unique((place * len(every) / most).astype(int))]


class _Piece(NamedTuple):
    """Entries of a row that are near, and what makes them their part of the weighted features φ.

    φ = [wⱼ (xⱼ − x̄), level · x̄], x̄ = Σ meanⱼ xⱼ; never as a matrix, whose size is the square of the near places.
    """

    entries: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    level: float

    def features(self, near: np.ndarray) -> np.ndarray:
        """(time, near) to (time, near + 1)."""
        local = near @ self.mean[:, None]
        return np.concatenate([(near - local) * self.weight, self.level * local], axis=1)

    def slopes(self, found: np.ndarray) -> np.ndarray:
        """Slopes on φ, (penalty, near + 1, slot), as slopes on the entries, (penalty, near, slot)."""
        own = self.weight[:, None] * found[:, :-1]
        return own + self.mean[:, None] * (self.level * found[:, -1:] - own.sum(axis=1, keepdims=True))


def _pieces(width: int, group: Group, choice: _Choice, layout: Layout) -> list[_Piece]:
    """One piece per channel of each source, and one for the harmonics; `width` is the length of a row."""
    found, start = [], 0
    for source, distance in zip(layout.sources, group.distances, strict=True):
        weight, keep = weights(distance, choice.reach)
        mean = weight**2 / np.sum(weight**2)
        for number in range(len(source.channels)):
            same_time = source.neighbours[number // len(source.variables)] == 0
            share = 1.0 if same_time else choice.neighbour
            found.append(_Piece(start + keep, share * weight, mean, share * choice.level))
            start += len(distance)
    if choice.cycle > 0:
        waves = width - start
        found.append(_Piece(np.arange(start, width), np.full(waves, choice.cycle), np.zeros(waves), 0.0))
    return found


def _solve(
    x: np.ndarray, z: np.ndarray, group: Group, choice: _Choice, layout: Layout, penalties: tuple[float, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Near entries, slopes (penalty, near, slot) on them, and intercepts (penalty, slot)."""
    pieces = _pieces(x.shape[1], group, choice, layout)
    index = np.concatenate([p.entries for p in pieces])
    targets = z[:, group.columns].astype(np.float64)
    slopes = np.zeros((len(penalties), len(index), targets.shape[1]))
    shifts = np.zeros((len(penalties), targets.shape[1]))
    for present, columns in missing_patterns(targets):
        if present.sum() < 2:
            continue
        near, t = x[np.ix_(present, index)].astype(np.float64), targets[np.ix_(present, columns)]
        centre, mean = near.mean(axis=0), t.mean(axis=0)
        ends = np.cumsum([len(p.entries) for p in pieces])[:-1]
        parts = np.split(near - centre, ends, axis=1)
        phi = np.concatenate([p.features(n) for n, p in zip(parts, pieces, strict=True)], axis=1)
        b = _ridge_paths(phi, t - mean, penalties)
        widths = np.cumsum([len(p.entries) + 1 for p in pieces])[:-1]
        split = np.split(b, widths, axis=1)
        found = np.concatenate([p.slopes(c) for p, c in zip(pieces, split, strict=True)], axis=1)
        slopes[:, :, columns] = found
        shifts[:, columns] = mean - centre @ found
    return index, slopes, shifts


def _ridge_paths(phi: np.ndarray, t: np.ndarray, penalties: tuple[float, ...]) -> np.ndarray:
    """(φᵀφ + α κ n I)⁻¹ φᵀt for every α, shape (penalty, feature, slot), by the smaller of the two Gram matrices."""
    few = len(phi) <= phi.shape[1]
    values, vectors = np.linalg.eigh(phi @ phi.T if few else phi.T @ phi)
    values = np.maximum(values, 0.0)
    moment = vectors.T @ (t if few else phi.T @ t)
    added = np.asarray(penalties) * max(values.sum() / len(phi), 1e-30)
    shrunk = moment[:, None] / (values[:, None] + added)[:, :, None]
    found = vectors @ shrunk.reshape(len(values), -1)
    found = phi.T @ found if few else found
    return np.moveaxis(found.reshape(len(found), len(penalties), -1), 1, 0)


def _errors(
    fold: _Fold, some: list[Group], choice: _Choice, layout: Layout, penalties: tuple[float, ...]
) -> np.ndarray:
    """Mean square error on the held-out times, shape (penalty, channel)."""
    total, weight = np.zeros((len(penalties), len(layout.channels))), np.zeros(len(layout.channels))
    for group in some:
        index, slopes, shifts = _solve(fold.x, fold.z, group, choice, layout, penalties)
        truth = fold.held_z[:, group.columns]
        there = np.isfinite(truth) * fold.area[group.columns]
        np.add.at(weight, group.channel, there.sum(axis=0))
        near = fold.held_x[:, index]
        for i in range(len(penalties)):
            gap = np.nan_to_num(truth - near @ slopes[i] - shifts[i])
            np.add.at(total[i], group.channel, (gap**2 * there).sum(axis=0))
    return total / np.maximum(weight, 1e-12)


def _assembled(
    layout: Layout,
    stack: _Stack,
    target: Target,
    every: list[Group],
    solved: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    chosen: tuple[float, ...],
) -> _LocalRidgeModel:
    """Groups of unequal size in arrays of one size, padded with zeros."""
    dtype = target.normaliser.mean.dtype
    near, slots = max(len(i) for i, _, _ in solved), max(len(g.columns) for g in every)
    cells = sum(len(g.columns) for g in every)
    index, slopes = np.zeros((len(every), near), np.int32), np.zeros((len(every), near, slots))
    intercept, position = np.zeros(cells), np.zeros(cells, np.int32)
    for g, (group, (i, b, shift)) in enumerate(zip(every, solved, strict=True)):
        index[g, : len(i)] = i
        slopes[g, : len(i), : b.shape[1]] = b
        intercept[group.columns] = shift
        position[group.columns] = g * slots + np.arange(len(group.columns))
    arrays = (jnp.asarray(index), jnp.asarray(slopes, dtype), jnp.asarray(intercept, dtype), jnp.asarray(position))
    return _LocalRidgeModel(layout, stack, *arrays, target, chosen)
