"""An emulator in place of the solver in three methods of data assimilation: what is lost, what is gained in speed?"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from ...assimilate import (
    LETKF,
    AbstractAnalysis,
    AlongTimeAndSpace,
    Circle,
    FourDVar,
    FourDVarNet,
    GaspariCohn,
    GaussNewton,
    Localisation,
    Multiplicative,
    OptimalInterpolation,
    ThreeDVar,
)
from ...core import Monitor
from ...dynamics import AbstractDynamics, Shown, Strided
from ...emulate import Emulator
from ...learn import AbstractMethod
from ...observe import Diagonal, Sites
from ...problems import KSEmulation, TwinProblem
from ...records import Gaussian, Task
from ..base import AbstractCard
from ..cache import Cache
from ..moving_window import MovingWindow, simulated
from ..report import Report, Row, write
from ..swapping import (
    REFERENCE,
    AbstractRecipe,
    Draws,
    Swapped,
    climate_rows,
    step_milliseconds,
    step_rows,
    swap,
    tabled,
)
from ..table import finish
from ..tune import replaced
from ..twin_card import scaled
from ..twins import CLIMATOLOGY, Outcome, errors_in_time
from ..unit import parameters
from .ks_emulation import KSEmulationCard

_FIRST = 7  # the key of the runs to learn from, as on the card ks_emulation
_LAG, _WINDOW = 4, 16  # times in a window of 4DVar and of FourDVarNet
_MEMBERS = 20
_Pairs = list[tuple[AbstractRecipe, AbstractDynamics]]


@dataclasses.dataclass(frozen=True)
class _Size:
    """How many draws of how many analyses, and training steps of FourDVarNet."""

    draws: int
    count: int
    burn: int
    steps: int


class LearnedModelAssimilation(AbstractCard):
    """The same calls with another model: LETKF, 4DVar and FourDVarNet with the solver and with what learned from it.

    Kuramoto-Sivashinsky on 64 points; every fourth is seen every 1.0, a twelfth of a Lyapunov time, with errors of
    standard deviation 0.5. Emulators are those of the card `ks_emulation`, in steps of 1.0.
    """

    title: ClassVar[str] = "Kuramoto-Sivashinsky, a quarter of 64 points seen: emulators in place of the solver"
    notes: ClassVar[tuple[str, ...]] = (
        "The truth is the solver's; all models assimilate the same observations. Scores are medians over trainings and "
        "draws of the time-mean root mean square error; intervals resample both. Ratios to the solver are paired by "
        "draw.",
        "Chosen for each model on a draw that is not scored, with its first training: inflation and radius of the "
        "LETKF (32 pairs), the factor of the climatological covariance in 3DVar and 4DVar (8 values). FourDVarNet "
        "learns from windows simulated with the model in its row, which also carries its analyses to the next time.",
        "The window and the search of 4DVar (four times, two iterations) were chosen after looking at three settings "
        "on draws that are also scored; they are the same for all models.",
        "The LIM is a linear model with noise: members of the LETKF and simulated windows draw from it, variational "
        "methods follow its mean.",
        "Milliseconds are of the processor, all draws side by side, compiled before; training is not in them. 'One "
        "step' is the model by itself, as many states side by side as all draws have members.",
        "The emulators were taught with runs of the solver.",
        "FourDVarNet runs no model in an analysis, so that its time hardly depends on the model.",
    )
    seeds: ClassVar[int] = 5

    def problem(self, *, quick: bool) -> TwinProblem:
        """300 analyses after a burn-in of 50; 100 after 20 when quick."""
        flames, size = KSEmulation(), _size(quick)
        model = Strided(flames.dynamics, flames.every)
        sites = tuple(range(0, flames.size, 4))
        network = Sites(sites, Diagonal.of(len(sites), 0.25))
        return TwinProblem(model, model, network, count=size.count, burn=size.burn, spin_up=300, spread=0.5)

    def emulators(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """A linear model, networks taught on one step and then on four, and one taught on one step with noise.

        When quick one of them, on one step.
        """
        known = KSEmulationCard().methods(quick=quick)
        if quick:
            return {"FNO": replaced(known["FNO"], {"training.steps": 1000})}
        return {
            "LIM": known["LIM"],
            "U-Net": known["U-Net, then 4 steps"],
            "U-Net, noise": known["U-Net, noise"],
            "FNO": known["FNO, then 4 steps"],
        }

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """A training, and a method with all trainings of a model, are units of work."""
        began, cache, size = time.monotonic(), Cache(Path(out) / "units"), _size(quick)
        trainings, problem = 1 if quick else seeds, self.problem(quick=quick)
        flames = KSEmulation.quick() if quick else KSEmulation()
        task = flames.task(key=jax.random.key(_FIRST), monitor=monitor.within("data"))
        models: dict[str, list[AbstractDynamics]] = {REFERENCE: [problem.model_dynamics]}
        for label, recipe in self.emulators(quick=quick).items():
            models[label] = _taught(recipe, flames, task, label, trainings, cache, monitor)
        climate, draws = problem.climate(states=2000), Draws.of(problem, size.draws)
        constant = draws.climate(climate.mean)
        rows, notes = climate_rows(self.name(), constant, size.burn), list(self.notes)
        shown: dict[str, Outcome] = {CLIMATOLOGY: constant}
        weights = {label: parameters(several[0]) for label, several in models.items() if label != REFERENCE}
        side = draws.scored.truth[:, :_MEMBERS].reshape(-1, flames.size)  # as many as the members of all draws
        alone = {
            label: cache.obtain(["step", several[0], side], lambda folder, m=several[0]: step_milliseconds(m, side))
            for label, several in models.items()
        }
        rows += step_rows(self.name(), alone, weights)
        for method, made in self._jobs(models, climate, task, size, trainings, cache, monitor).items():
            found: dict[str, Swapped] = {}
            for number, (label, pairs) in enumerate(made().items()):
                monitor(number, len(models), f"{method}, {label}")
                identity = [
                    "swap",
                    method,
                    pairs,
                    pairs[0][0].identity,
                    problem,
                    size,
                    bool(jax.config.read("jax_enable_x64")),
                ]
                found[label] = cache.obtain(identity, lambda folder, pairs=pairs: swap(pairs, draws))
                shown[f"{method}, {label}"] = found[label].outcomes[0]
            new = tabled(self.name(), method, found, constant, size.burn, weights)
            rows += new
            notes += _said(method, found, new)
        figure = errors_in_time(shown, problem.interval)
        seconds = time.monotonic() - began
        report = finish(self.name(), self.title, rows, figures=(figure,), notes=notes, seconds=seconds)
        write(report, out)
        return report

    def _jobs(
        self,
        models: dict[str, list[AbstractDynamics]],
        climate: Gaussian,
        task: Task,
        size: _Size,
        trainings: int,
        cache: Cache,
        monitor: Monitor,
    ) -> dict[str, Callable[[], dict[str, _Pairs]]]:
        """Method to its recipe beside each model, made when it is its turn."""

        def with_all(recipe: AbstractRecipe) -> Callable[[], dict[str, _Pairs]]:
            return lambda: {label: [(recipe, m) for m in several] for label, several in models.items()}

        def learned() -> dict[str, _Pairs]:
            trained: dict[str, _Pairs] = {}
            for label, several in models.items():
                for seed in range(trainings):
                    model = several[seed % len(several)]
                    recipe = _Learned(self._net(model, task, size, seed, f"FourDVarNet, {label}", cache, monitor))
                    trained.setdefault(label, []).append((recipe, model))
            return trained

        return {
            "OI": lambda: {"no model": [(_Interpolated(climate), models[REFERENCE][0])]},
            "3DVar": with_all(_Static(climate)),
            "LETKF": with_all(_Local()),
            "4DVar": with_all(_Strong(climate)),
            "FourDVarNet": learned,
        }

    def _net(
        self,
        model: AbstractDynamics,
        task: Task,
        size: _Size,
        seed: int,
        label: str,
        cache: Cache,
        monitor: Monitor,
    ) -> MovingWindow:
        """FourDVarNet, trained on windows that the model simulates from fields of the training runs."""
        segment = np.asarray(task.train.predictors.segment)
        first = np.flatnonzero(np.diff(segment, prepend=-1))
        times = int(np.bincount(segment)[0])
        starts = task.train.predictors.fields[0][first].reshape(len(first), -1)
        operator = self.problem(quick=False).operator
        where = AlongTimeAndSpace((starts.shape[1],), (True,), offsets=(-4, -2, 2, 4), reach=3)
        recipe = FourDVarNet(iterations=4, hidden=8, where=where, steps=size.steps, batch=8, rate=1e-2)
        making, learning = jax.random.split(jax.random.fold_in(jax.random.key(_FIRST + 1), seed))

        def work(folder: Path) -> MovingWindow:
            part = dataclasses.replace(monitor.within(f"{label}/seed{seed}"), folder=folder)
            windows, states = simulated(
                model, starts, operator, times=times, length=_WINDOW, every=_WINDOW // 4, key=making
            )
            return MovingWindow(recipe.fit(windows, states, operator=operator, key=learning, monitor=part), _WINDOW)

        return cache.obtain(["net", recipe, model, starts, times, seed], work)


def _size(quick: bool) -> _Size:
    return _Size(draws=4, count=120, burn=20, steps=60) if quick else _Size(draws=8, count=350, burn=50, steps=300)


def _taught(
    method: AbstractMethod, flames: KSEmulation, task: Task, label: str, trainings: int, cache: Cache, monitor: Monitor
) -> list[AbstractDynamics]:
    """One emulator a training, shown as the solver's field; a fit without randomness gives one."""
    found: list[AbstractDynamics] = []
    for seed in range(trainings):
        key = jax.random.split(jax.random.key(seed), 3)[0]  # as on the card ks_emulation

        def work(folder: Path, seed: int = seed, key: Array = key) -> Shown:
            part = dataclasses.replace(monitor.within(f"{label}/seed{seed}"), folder=folder)
            forecast = method.fit(task, key=key, monitor=part)
            return Shown(Emulator.of(forecast, task.train, dt=flames.dt), flames.unview, flames.view)

        model = cache.obtain(["teach", method, flames, seed, str(task.train.truth.dtype)], work)
        if found and eqx.tree_equal(found[-1], model):
            break
        found.append(model)
    return found


def _said(method: str, found: dict[str, Swapped], rows: list[Row]) -> list[str]:
    """What was chosen, and what the table says of loss and gain."""
    chosen = [f"{label} {one.chosen}" for label, one in found.items() if one.chosen]
    notes = [f"{method}, chosen: {'; '.join(chosen)}."] if chosen else []
    values = {(r["method"], r["metric"]): r for r in rows}
    for label in found:
        name = f"{method}, {label}"
        error = values.get((name, "analysis RMSE over the solver's"))
        speed = values.get((name, "processor time over the solver's"))
        if error is not None and speed is not None:
            notes.append(
                f"{name}: {error['value']:.2f} times the error of the solver's analyses ({error['low']:.2f} to "
                f"{error['high']:.2f}) at {speed['value']:.2f} times its processor time."
            )
    return notes


class _Interpolated(AbstractRecipe):
    """What the observations alone are worth."""

    climate: Gaussian

    @property
    def grid(self) -> Float[np.ndarray, "setting number"]:
        return np.ones((1, 1))

    def method(self, numbers: Float[Array, " number"]) -> AbstractAnalysis:
        return OptimalInterpolation(self.climate)

    def say(self, numbers: np.ndarray) -> str:
        return ""


class _Static(AbstractRecipe):
    """A share of the climatological covariance."""

    climate: Gaussian

    @property
    def grid(self) -> Float[np.ndarray, "setting number"]:
        return np.asarray([[0.01], [0.02], [0.04], [0.08], [0.15], [0.3], [0.6], [1.0]])

    def method(self, numbers: Float[Array, " number"]) -> AbstractAnalysis:
        return ThreeDVar(scaled(self.climate, numbers[0]), GaussNewton(iterations=2))

    def say(self, numbers: np.ndarray) -> str:
        return f"factor {numbers[0]:g}"


class _Local(AbstractRecipe):
    """Twenty members; inflation and radius in cells."""

    @property
    def grid(self) -> Float[np.ndarray, "setting number"]:
        inflations = (1.01, 1.03, 1.06, 1.12, 1.25, 1.5, 2.0, 3.0)
        return np.asarray([[f, r] for r in (3.0, 6.0, 12.0, 24.0) for f in inflations])

    def method(self, numbers: Float[Array, " number"]) -> AbstractAnalysis:
        return LETKF(_MEMBERS, Multiplicative(numbers[0]), Localisation(GaspariCohn(), numbers[1], Circle(64)))

    def say(self, numbers: np.ndarray) -> str:
        return f"inflation {numbers[0]:g}, radius {numbers[1]:g}"


class _Strong(AbstractRecipe):
    """A short window, two linearisations from the last trajectory."""

    climate: Gaussian

    @property
    def grid(self) -> Float[np.ndarray, "setting number"]:
        return np.asarray([[0.001], [0.003], [0.01], [0.02], [0.05], [0.1], [0.3], [1.0]])

    def method(self, numbers: Float[Array, " number"]) -> AbstractAnalysis:
        return FourDVar(_LAG, scaled(self.climate, numbers[0]), GaussNewton(2, tolerance=1e-2))

    def say(self, numbers: np.ndarray) -> str:
        return f"factor {numbers[0]:g}"


class _Learned(AbstractRecipe):
    """Nothing is left to choose."""

    net: MovingWindow

    @property
    def grid(self) -> Float[np.ndarray, "setting number"]:
        return np.ones((1, 1))

    def method(self, numbers: Float[Array, " number"]) -> AbstractAnalysis:
        return self.net

    def say(self, numbers: np.ndarray) -> str:
        return ""
