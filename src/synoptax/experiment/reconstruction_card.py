"""The type of a card that reconstructs windows: learned against classical methods, and both outside the training."""

import abc
import dataclasses
import functools
import operator
import time
from collections.abc import Mapping
from pathlib import Path

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, PRNGKeyArray

from ..assimilate import AbstractReconstruction, AmortizedPosterior, FourDVarNet
from ..core import Monitor
from ..problems import AbstractReconstructionProblem, WindowTwin
from ..records import Estimate, Gaussian, Window
from ..verify.infer import quantiles
from .base import AbstractCard
from .cache import Cache
from .climatology import Climatology
from .clock import Cost, measure
from .figures import Line, Lines
from .report import Report, Row, row, write
from .stationary import StationaryInterpolation
from .table import finish

NOTES = (
    "MSE over all states of a window, R at observed and I at unobserved entries; means over windows, intervals by "
    "bootstrap over windows, and over trainings where there are several.",
    "All know the model that made the truth and its climatology, the learned ones through windows simulated with it; "
    "settings were chosen on simulated windows, never on these.",
    "OI is the best linear estimate of the window from its observations, with the lagged covariances of simulated "
    "windows.",
    "'MSE over the best classical' divides by the lowest MSE of a method that learns nothing. The medians over windows "
    "say what happens when nothing fails.",
    "Milliseconds are processor time without compilation: wall times depend on what else the machine does.",
)
_NET, _AMORTIZED = "FourDVarNet", "AmortizedPosterior"
_TRAIN = 11
_ALONE = 5  # windows over which the time of one is averaged


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of it.

    **Arguments:**
    - `windows`, `elsewhere`: that are scored, as trained and on each changed problem; none of the latter leaves it out.
    - `training`: windows to learn from.
    - `together`: windows solved side by side; many windows are a loop over such batches.
    """

    windows: int
    elsewhere: int
    training: int
    together: int


class AbstractReconstructionCard(AbstractCard):
    """All methods on the same windows, then some of them where errors, networks and truth are not those of training.

    Class-level facts besides those of a card: `failed` (mean squared error of a window that has lost the truth).
    """

    failed: eqx.AbstractClassVar[float]

    @abc.abstractmethod
    def problem(self) -> AbstractReconstructionProblem:
        """What is scored."""

    @abc.abstractmethod
    def changed(self) -> dict[str, AbstractReconstructionProblem]:
        """Label to a problem that differs from that of training; methods are not told."""

    @abc.abstractmethod
    def size(self, *, quick: bool) -> Size:
        """How many windows."""

    @abc.abstractmethod
    def classical(self) -> dict[str, AbstractReconstruction]:
        """Row label to a method that learns nothing; the last one goes along to the changed problems."""

    @abc.abstractmethod
    def recipes(self, *, quick: bool) -> tuple[AmortizedPosterior, FourDVarNet, AbstractReconstructionProblem]:
        """What is trained, and the problem whose windows are learned from."""

    @abc.abstractmethod
    def refined(self, net: AbstractReconstruction) -> tuple[str, AbstractReconstruction]:
        """The trained solver followed by steps on the cost of the known model, and what to call that."""

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """Train, score all, score elsewhere. A training and the windows of a method are units of work."""
        began, cache = time.monotonic(), Cache(Path(out) / "units")
        problem, size = self.problem(), self.size(quick=quick)
        scene = _Scene.of(problem, size.windows, size.together, cache)
        trained, making = self._train(1 if quick else max(1, seeds), size, cache, quick=quick, monitor=monitor)
        classical = {k: [m] for k, m in self.classical().items()}
        jobs = {**_linear(scene, size), **classical, **trained}
        rows: list[Row] = []
        shown: dict[str, Line] = {}
        for number, (label, models) in enumerate(jobs.items()):
            monitor(number, len(jobs), label)
            done = [scene.solved(m, timed=True) for m in models]
            facts = {"card": self.name(), "variable": "state", "method": label, "seeds": len(models)}
            facts |= {"seed_list": tuple(range(len(models))), "parameters": _count(models[0], label in trained)}
            published = problem.published if label == _NET else {}
            rows += _rows(done, scene.twins.window.mask, making.get(label, Cost()), facts, self.failed, published)
            rows += _speed(models[0], done[0], scene, facts)
            error = np.mean([d.errors for d in done], axis=(0, 1, 3))
            shown[label] = Line(problem.model_dynamics.dt * np.arange(problem.length), error)
        rows += _relative(rows, set(classical), set(trained))
        if size.elsewhere:
            rows += self._elsewhere({**dict(list(classical.items())[-1:]), **trained}, size, cache, monitor)
        figure = Lines("Mean squared error within the window", "time", "MSE", shown, log_y=True)
        seconds = time.monotonic() - began
        report = finish(self.name(), self.title, rows, figures=(figure,), notes=self.notes, seconds=seconds)
        write(report, out)
        return report

    def _train(
        self, seeds: int, size: Size, cache: Cache, *, quick: bool, monitor: Monitor
    ) -> tuple[dict[str, list[AbstractReconstruction]], dict[str, Cost]]:
        """One AmortizedPosterior and one FourDVarNet a seed, each on simulations of the model; and what that cost."""
        amortized, recipe, problem = self.recipes(quick=quick)
        windows, states = problem.training(size.training, key=jax.random.key(_TRAIN))

        def fitted(recipe: FourDVarNet | AmortizedPosterior, seed: int, name: str) -> _Trained:
            key = jax.random.fold_in(jax.random.key(_TRAIN), seed)

            def work(folder: Path) -> _Trained:
                part = dataclasses.replace(monitor.within(name), folder=folder)
                with measure() as clock:
                    model = recipe.fit(windows, states, operator=problem.operator, key=key, monitor=part)
                return _Trained(model, clock.cost)

            return cache.obtain(["train", recipe, problem, size.training, seed, _precision()], work)

        nets = [fitted(recipe, seed, f"{_NET}/{seed}") for seed in range(seeds)]
        posterior = fitted(amortized, 0, _AMORTIZED)
        spent = functools.reduce(operator.add, (net.cost for net in nets))
        finished = [self.refined(net.model) for net in nets]
        name = finished[0][0]
        models = {_AMORTIZED: [posterior.model], _NET: [n.model for n in nets], name: [m for _, m in finished]}
        return models, {_AMORTIZED: posterior.cost, _NET: spent, name: spent}

    def _elsewhere(
        self, methods: dict[str, list[AbstractReconstruction]], size: Size, cache: Cache, monitor: Monitor
    ) -> list[Row]:
        """Told nothing of what has changed."""
        rows, problems = [], {"as trained": self.problem(), **self.changed()}
        for number, (label, problem) in enumerate(problems.items()):
            monitor(number, len(problems), f"elsewhere: {label}")
            scene = _Scene.of(problem, size.elsewhere, size.together, cache)
            for name, models in methods.items():
                if name == _AMORTIZED:
                    continue
                done = [scene.solved(m) for m in models]
                facts = {"card": self.name(), "variable": label, "method": name, "seeds": len(models)}
                rows += _rows(done, scene.twins.window.mask, Cost(), facts, self.failed, {})
        return rows


@dataclasses.dataclass(frozen=True)
class _Trained:
    """A model and what its training cost."""

    model: AbstractReconstruction
    cost: Cost


@dataclasses.dataclass(frozen=True)
class _Done:
    """Squared errors and variances, (window, time, number), cost of the run and its processor seconds."""

    errors: np.ndarray
    variances: np.ndarray
    cost: Cost
    seconds: float


@dataclasses.dataclass(frozen=True)
class _Scene:
    """The windows of one problem, and a cache of what was made of them."""

    problem: AbstractReconstructionProblem
    twins: WindowTwin
    prior: Gaussian
    together: int
    cache: Cache

    @classmethod
    def of(cls, problem: AbstractReconstructionProblem, count: int, together: int, cache: Cache) -> "_Scene":
        """The first `count` windows of the evaluation; they are the same for all."""
        twins = eqx.filter_jit(jax.vmap(problem.draw))(jax.random.split(jax.random.key(0), count))
        return cls(problem, twins, problem.climate(), together, cache)

    def solved(self, method: AbstractReconstruction, *, timed: bool = False) -> _Done:
        """Batch by batch."""
        identity = ["solve", method, self.problem, len(self.twins.truth), self.together, timed, _precision()]
        return self.cache.obtain(identity, lambda folder: self._solve(method, timed=timed))

    def alone(self, method: AbstractReconstruction) -> _Done:
        """The first windows, one after the other."""
        few = dataclasses.replace(self, twins=jax.tree.map(lambda x: x[:_ALONE], self.twins), together=1)
        return few.solved(method, timed=True)

    def _solve(self, method: AbstractReconstruction, *, timed: bool) -> _Done:
        """With `timed` the first batch once more before, so that compilation is not counted."""
        given = (self.prior, self.problem.model_dynamics, self.problem.operator)
        count = len(self.twins.truth)
        keys = jax.random.split(jax.random.key(1), count)

        def solve(start: int) -> Estimate:
            part = slice(start, start + self.together)
            window = jax.tree.map(lambda x: x[part], self.twins.window)
            return jax.tree.map(np.asarray, _batch(method, window, keys[part], given))

        compiling = 0.0
        if timed:
            with measure() as making:
                solve(0)
            compiling = making.cost.compile_seconds
        began = time.process_time()
        with measure() as clock:
            found = [solve(start) for start in range(0, count, self.together)]
        seconds = time.process_time() - began
        mean, variance = (np.concatenate(x) for x in zip(*((f.mean, f.variance) for f in found), strict=True))
        spent = dataclasses.replace(clock.cost, compile_seconds=compiling + clock.cost.compile_seconds)
        return _Done((mean - np.asarray(self.twins.truth)) ** 2, variance, spent, seconds)


def _precision() -> bool:
    return bool(jax.config.read("jax_enable_x64"))


def _linear(scene: _Scene, size: Size) -> dict[str, list[AbstractReconstruction]]:
    """The references that only know statistics, from windows of their own."""
    _, states = scene.problem.training(size.training, key=jax.random.key(_TRAIN + 1))
    most = int(np.asarray(scene.twins.window.mask).sum(axis=(1, 2)).max())
    return {"climatology": [Climatology()], "OI": [StationaryInterpolation.of(scene.problem, states, most)]}


@eqx.filter_jit
def _batch(method: AbstractReconstruction, window: Window, keys: PRNGKeyArray, given: tuple) -> Estimate:
    """Windows side by side. Settings and weights are arguments, so that like methods share one compilation."""
    prior, dynamics, network = given

    def one(window: Window, key: PRNGKeyArray) -> Estimate:
        return method.reconstruct(window, prior=prior, dynamics=dynamics, operator=network, key=key).states

    return jax.vmap(one)(window, keys)


def _rows(
    done: list[_Done], mask: Array, training: Cost, facts: Mapping, failed: float, published: Mapping[str, float]
) -> list[Row]:
    """Scores of one method, all its trainings together."""
    seen = np.asarray(mask)
    joined = np.stack([np.where(np.isfinite(d.errors), d.errors, np.inf) for d in done])
    whole = joined.mean(axis=(2, 3))
    spent = dataclasses.asdict(done[0].cost + training)
    facts = {**facts, "diverged": int(np.sum(~(whole < failed))), **spent}
    parts = {"MSE": np.ones_like(seen), "R-score": seen, "I-score": ~seen}
    rows = []
    for metric, part in parts.items():
        share = np.sum(np.where(part[None], joined, 0.0), axis=(2, 3)) / part.sum(axis=(1, 2))[None]
        value, low, high = _mean(share)
        rows.append(row(metric=metric, value=value, low=low, high=high, published=published.get(metric), **facts))
    rows.append(row(metric="median MSE", value=float(np.median(whole)), **facts))
    if np.isfinite(done[0].variances).all():
        ratio = float(np.mean([np.sqrt(d.variances.mean() / d.errors.mean()) for d in done]))
        rows.append(row(metric="spread/error", value=ratio, better="one", **facts))
    return rows


def _mean(scores: np.ndarray) -> tuple[float, float, float]:
    """The mean of (training, window) with an interval that resamples both."""
    random = np.random.default_rng(0)
    seeds, count = scores.shape
    drawn = [scores[random.integers(0, seeds, seeds)][:, random.integers(0, count, count)].mean() for _ in range(1000)]
    low, high = quantiles(np.asarray(drawn), [0.025, 0.975])
    return float(scores.mean()), float(low), float(high)


def _relative(rows: list[Row], classical: set[str], learned: set[str]) -> list[Row]:
    """The accuracy of what was learned in units of the best that was not."""
    scores = {r["method"]: r for r in rows if r["metric"] == "MSE"}
    best = min(scores[label]["value"] for label in classical)
    kept = ("card", "method", "variable", "seeds", "seed_list", "parameters", "diverged")
    return [
        row(metric="MSE over the best classical", value=scores[x]["value"] / best, **{k: scores[x][k] for k in kept})
        for x in scores
        if x in learned
    ]


def _speed(method: AbstractReconstruction, done: _Done, scene: _Scene, facts: Mapping) -> list[Row]:
    """Processor milliseconds a window, alone and with all others, without compilation."""
    alone = scene.alone(method)
    rows = []
    for count, what in ((1, alone), (len(done.errors), done)):
        each = 1e3 * what.seconds / len(what.errors)
        spent = {"compile_seconds": what.cost.compile_seconds, "run_seconds": what.cost.run_seconds}
        rows.append(row(metric=f"ms a window, {count} at once", value=each, **{**facts, **spent}))
    return rows


def _count(method: AbstractReconstruction, learned: bool) -> int:
    """Trained numbers."""
    return sum(x.size for x in jax.tree.leaves(eqx.filter(method, eqx.is_inexact_array))) if learned else 0
