"""The unit of work of an experiment: one method, one seed, one fold; fitted, sampled and scored."""

import dataclasses
import json
import zlib
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..core import Monitor, Status, fingerprint
from ..downscale import AbstractDownscaler, AbstractMethod
from ..fields import Place
from ..problems import Fold
from ..records import Predictors
from ..verify import AbstractMetric, Evaluation, evaluate
from .clock import Cost, measure

_FAILED = {int(s) for s in Status if s.failed}
CHUNK = 128  # times predicted at once: bounds memory, and one shape means one compilation


@dataclasses.dataclass(frozen=True)
class Unit:
    """What one method with one seed did on one fold.

    **Arguments:**
    - `label`, `seed`, `fold`: which.
    - `scores`: of the single best field.
    - `member_scores`: of the members; None where no metric takes this model's.
    - `skipped`: metrics that refused this model, with the reason.
    - `cost`: of fit, prediction and sampling together.
    - `parameters`: array elements of the fitted model.
    - `diverged`: a prediction was not finite where it had to be, or a fit ended with a failed status.
    - `logs`: stage of the fit to arrays by name (`step`, `loss`, `valid`, ...).
    - `snapshot`: prediction at the fold's middle time, (channel, *fine).
    - `errors`: root mean square error over time, (channel, *fine), physical units.
    - `digest`: fingerprint of the fitted model.
    - `source`: digest of the library that made it.
    """

    label: str
    seed: int
    fold: str
    scores: Evaluation
    member_scores: Evaluation | None
    skipped: dict[str, str]
    cost: Cost
    parameters: int
    diverged: bool
    logs: dict[str, dict[str, np.ndarray]]
    snapshot: np.ndarray
    errors: np.ndarray
    digest: str
    source: str

    @property
    def bare(self) -> "Unit":
        """Without the metrics themselves, as it is stored: they may be a user's own, which no file may name."""
        drawn = None if self.member_scores is None else dataclasses.replace(self.member_scores, metrics=())
        return dataclasses.replace(self, scores=dataclasses.replace(self.scores, metrics=()), member_scores=drawn)

    def scored_by(self, metrics: tuple[AbstractMetric, ...], member_metrics: tuple[AbstractMetric, ...]) -> "Unit":
        """The inverse of `bare`."""
        taken = tuple(m for m in member_metrics if m.name not in self.skipped)
        drawn = None if self.member_scores is None else dataclasses.replace(self.member_scores, metrics=taken)
        return dataclasses.replace(self, scores=dataclasses.replace(self.scores, metrics=metrics), member_scores=drawn)


@dataclasses.dataclass(frozen=True)
class Scene:
    """What all methods share on a fold: the truth at its middle time, and the names of what is seen.

    **Arguments:**
    - `truth`: shape (channel, *place).
    - `channels`, `units`: of the fine place.
    """

    fold: str
    place: Place
    channels: tuple[str, ...]
    units: tuple[str, ...]
    truth: np.ndarray

    @classmethod
    def of(cls, fold: Fold) -> "Scene":
        """The scene of a fold."""
        layout = fold.task.layout
        truth = np.asarray(fold.test.truth[len(fold.test) // 2])
        return cls(fold.name, layout.place, layout.channels, layout.units, truth)


def work(
    method: AbstractMethod,
    fold: Fold,
    *,
    label: str,
    seed: int,
    metrics: tuple[AbstractMetric, ...],
    member_metrics: tuple[AbstractMetric, ...],
    members: int,
    source: str,
    monitor: Monitor = Monitor(),
) -> Unit:
    """Fits on the fold's task, predicts its test block and scores it. The same arguments give the same numbers."""
    fitting, drawing = jax.random.split(jax.random.fold_in(jax.random.key(seed), zlib.crc32(fold.name.encode())))
    with measure() as clock:
        model = method.fit(fold.task, key=fitting, monitor=monitor)
        predicted = predict(model, fold.test.predictors)
    cost = clock.cost
    truth = np.asarray(fold.test.truth)
    needed = np.isfinite(truth)
    logs, failed = _logs(monitor.folder)
    scores = _score(metrics, predicted[None], fold, slice(None))
    member_scores, skipped, more = _members(model, fold, member_metrics, members, drawing)
    difference = np.where(needed, predicted - np.where(needed, truth, 0.0), np.nan)
    with np.errstate(invalid="ignore"):
        count = needed.sum(axis=0)
        errors = np.sqrt(np.where(needed, difference**2, 0.0).sum(axis=0) / np.where(count > 0, count, np.nan))
    return Unit(
        label=label,
        seed=seed,
        fold=fold.name,
        scores=scores,
        member_scores=member_scores,
        skipped=skipped,
        cost=cost + more,
        parameters=parameters(model),
        diverged=failed or not bool(np.all(np.isfinite(predicted[needed]))),
        logs=logs,
        snapshot=predicted[len(fold.test) // 2],
        errors=errors,
        digest=fingerprint(model),
        source=source,
    )


def predict(model: AbstractDownscaler, predictors: Predictors, *, chunk: int = CHUNK) -> np.ndarray:
    """`model.predict` in pieces of equal length, on the host: memory stays flat and nothing compiles twice."""
    return np.concatenate(
        [np.asarray(model.predict(predictors.at(window)))[new] for window, new in pieces(len(predictors), chunk)]
    )


def pieces(count: int, chunk: int) -> list[tuple[slice, slice]]:
    """Windows of equal length that cover `count` times, and which part of each was not in the one before."""
    size = min(chunk, count)
    starts = [*range(0, count - size + 1, size)]
    if starts and starts[-1] + size < count:
        starts.append(count - size)
    found, reached = [], 0
    for start in starts:
        found.append((slice(start, start + size), slice(reached - start, size)))
        reached = start + size
    return found


def parameters(model: AbstractDownscaler) -> int:
    """Array elements of inexact type in a fitted model."""
    return sum(leaf.size for leaf in jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array)))


def _members(
    model: AbstractDownscaler, fold: Fold, metrics: tuple[AbstractMetric, ...], members: int, key: Any
) -> tuple[Evaluation | None, dict[str, str], Cost]:
    """Scores of the members, chunk by chunk; metrics that need more members than there are are left out and named."""
    total, skipped, cost = None, {}, Cost()
    for window, new in pieces(len(fold.test), CHUNK) if metrics else []:
        with measure() as clock:
            drawn = model.sample(
                fold.test.predictors.at(window), key=jax.random.fold_in(key, window.start), count=members
            )
            forecast = np.asarray(jax.block_until_ready(drawn))[:, new]
        cost = cost + clock.cost
        count = forecast.shape[0]
        skipped = {m.name: f"needs {m.members} members, has {count}" for m in metrics if m.members > count}
        accepted = tuple(m for m in metrics if m.members <= count)
        if not accepted:
            break
        part = _score(accepted, forecast, fold, slice(window.start + new.start, window.stop))
        total = part if total is None else total + part
    return total, skipped, cost


def _score(metrics: tuple[AbstractMetric, ...], forecast: np.ndarray, fold: Fold, at: slice) -> Evaluation:
    return evaluate(
        metrics,
        forecast,
        np.asarray(fold.test.truth[at]),
        weights=fold.task.layout.place.weights(),
        reference=np.asarray(fold.climatology[at]),
        blocks=np.asarray(fold.blocks)[at],
    )


def _logs(folder: Path | None) -> tuple[dict[str, dict[str, np.ndarray]], bool]:
    """The log of every fit that kept a checkpoint below `folder`, and whether one of them failed."""
    logs: dict[str, dict[str, np.ndarray]] = {}
    failed = False
    if folder is None or not folder.is_dir():
        return logs, failed
    for path in sorted(folder.rglob("state.npz")):
        with np.load(path, allow_pickle=False) as archive:
            note = json.loads(str(archive["note"]))
        name = str(path.parent.relative_to(folder)) if path.parent != folder else "fit"
        logs[name] = {k: np.asarray(v, dtype=float) for k, v in note.get("rows", {}).items()}
        failed = failed or any(int(s) in _FAILED for s in np.ravel(note.get("status", [])))
    return logs, failed
