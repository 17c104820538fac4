"""The unit of work of an emulation experiment: one method, one seed; taught, then sent after the solver."""

import dataclasses
import time

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .. import emulate
from ..core import Monitor, fingerprint
from ..dynamics import rollout
from ..learn import AbstractDeterministic, AbstractMethod
from ..problems import AbstractEmulationProblem, Cases
from ..records import Task
from ..verify import AbstractMetric, LeadCurves, climate, lead_curves
from .clock import Cost, measure
from .unit import parameters

Model = emulate.Emulator | emulate.LatentEmulator
_KEPT = 200  # fields of each that climates are compared on


@dataclasses.dataclass(frozen=True)
class Course:
    """What all methods of an experiment are put through.

    **Arguments:**
    - `marks`: steps ahead that are scored, ascending, from 1.
    - `metrics`: of the single best run; `member_metrics`: of members.
    - `members`: how many are drawn.
    - `long`: steps of the long runs; `runs`: how many of them, from the first cases.
    """

    marks: tuple[int, ...]
    metrics: tuple[AbstractMetric, ...]
    member_metrics: tuple[AbstractMetric, ...]
    members: int
    long: int
    runs: int


@dataclasses.dataclass(frozen=True)
class Followed:
    """What one method with one seed did.

    **Arguments:**
    - `curves`: scores at the marks of one run a case, without noise.
    - `member_curves`: of members, or None for a method without a distribution.
    - `horizon`: shape (case,), Lyapunov times until the error exceeds half a standard deviation.
    - `stable`: shape (run,), steps until a long run leaves ten standard deviations; infinite when it never does.
    - `climate`: name of a distance to its value, on the last part of the long runs.
    - `run`: shape (time, channel, y, x): the first case, for pictures.
    - `spectrum`: shape (wave,): mean power of the long runs, first channel.
    - `step_seconds`: warm, one run alone.
    - `digest`: fingerprint of the fitted model.
    """

    label: str
    seed: int
    curves: LeadCurves
    member_curves: LeadCurves | None
    horizon: Float[np.ndarray, " case"]
    stable: Float[np.ndarray, " run"]
    climate: dict[str, float]
    run: Float[np.ndarray, "time channel y x"]
    spectrum: Float[np.ndarray, " wave"]
    step_seconds: float
    cost: Cost
    parameters: int
    digest: str


def follow(
    method: AbstractMethod,
    problem: AbstractEmulationProblem,
    task: Task,
    cases: Cases,
    course: Course,
    *,
    label: str,
    seed: int,
    monitor: Monitor = Monitor(),
) -> Followed:
    """Fits on the task, rolls out from every case, and runs on for long. The same arguments give the same numbers."""
    fitting, drawing, away = jax.random.split(jax.random.key(seed), 3)
    with measure() as clock:
        model = method.fit(task, key=fitting, monitor=monitor)
    emulator = emulate.model(model, task.train, dt=problem.dt)
    certain = isinstance(model, AbstractDeterministic)
    leads = course.marks[-1]
    one = np.asarray(_runs(emulator, cases.past, leads, 1, None))
    several = None if certain else np.asarray(_runs(emulator, cases.past, leads, course.members, drawing))
    scored = _scores(course.metrics, one, cases, course, problem)
    drawn = None if several is None else _scores(course.member_metrics, several, cases, course, problem)
    truth, std = np.asarray(cases.truth), np.std(np.asarray(cases.climate), axis=(0, 2, 3), keepdims=True)[0]
    ahead = problem.dt * np.arange(1, leads + 1) / problem.lyapunov_time
    horizon = climate.error_horizon(one[0], truth[:, :leads], ahead, std=std)
    stable, measures, spectrum = _long(emulator, cases, course, std, None if certain else away)
    return Followed(
        label=label,
        seed=seed,
        curves=scored,
        member_curves=drawn,
        horizon=np.minimum(horizon, ahead[-1]),
        stable=stable,
        climate=measures,
        run=one[0, 0],
        spectrum=spectrum,
        step_seconds=_step_seconds(emulator, cases.past[0], None if certain else away),
        cost=clock.cost,
        parameters=parameters(model),
        digest=fingerprint(model),
    )


@eqx.filter_jit
def _runs(
    emulator: Model,
    past: Float[Array, "case history channel y x"],
    steps: int,
    members: int,
    key: PRNGKeyArray | None,
) -> Float[Array, "member case lead channel y x"]:
    """One run a case and member; without a key none is random."""

    def one(past: Array, key: PRNGKeyArray | None) -> Array:
        return rollout(emulator, emulator.begin(past), steps=steps, key=key).fields

    if key is None:
        return jax.vmap(lambda p: one(p, None))(past)[None]
    keys = jax.random.split(key, (members, past.shape[0]))
    return jax.vmap(lambda ks: jax.vmap(one)(past, ks))(keys)


def _scores(
    metrics: tuple[AbstractMetric, ...],
    runs: Float[np.ndarray, "member case lead channel y x"],
    cases: Cases,
    course: Course,
    problem: AbstractEmulationProblem,
) -> LeadCurves:
    at = np.asarray(course.marks) - 1
    return lead_curves(metrics, runs[:, :, at], np.asarray(cases.truth)[:, at], weights=problem.grid.weights())


def _long(
    emulator: Model, cases: Cases, course: Course, std: np.ndarray, key: PRNGKeyArray | None
) -> tuple[np.ndarray, dict[str, float], np.ndarray]:
    """Steps to instability of each long run, distances of its climate, and its spectrum."""
    every = max(1, course.long // _KEPT)
    fields = np.asarray(_far(emulator, cases.past[: course.runs], course.long // every * every, every, key))
    mean = np.mean(np.asarray(cases.climate), axis=(0, 2, 3), keepdims=True)[0]
    when = every * np.arange(1, fields.shape[1] + 1)
    stable = climate.stability_horizon(fields, when, mean=mean, std=std)
    sane = fields[~np.isfinite(stable)][:, fields.shape[1] // 4 :]
    waves = fields.shape[-1] // 2 + 1
    if not len(sane):
        return stable, {}, np.full(waves, np.nan)
    return stable, distances(sane.reshape(-1, *fields.shape[2:]), cases, std), power(sane[:, :, 0])


@eqx.filter_jit
def _far(emulator: Model, past: Array, steps: int, every: int, key: PRNGKeyArray | None) -> Array:
    def one(past: Array, key: PRNGKeyArray | None) -> Array:
        return rollout(emulator, emulator.begin(past), steps=steps, every=every, key=key).fields

    if key is None:
        return jax.vmap(lambda p: one(p, None))(past)
    return jax.vmap(one)(past, jax.random.split(key, past.shape[0]))


def distances(run: Float[np.ndarray, "time channel y x"], cases: Cases, std: np.ndarray) -> dict[str, float]:
    """How far the climate of a run is from that of the training runs, first channel: values, scales, variance."""
    truth = np.asarray(cases.climate)
    unit = float(std.ravel()[0])
    one, other = (x[:, :1].reshape(-1, 1) / unit for x in (run, truth))
    thin = max(1, len(other) // 200_000)
    return {
        "climate, Wasserstein distance": float(climate.wasserstein(one[::thin], other[::thin])[0]),
        "climate, log spectral distance": float(climate.spectral_distance(run, truth)[0]),
        "climate, ratio of standard deviations": float(np.std(one) / np.std(other)),
    }


def power(fields: Float[np.ndarray, "*time y x"]) -> Float[np.ndarray, " wave"]:
    """Mean power of each wave along x."""
    return np.mean(np.abs(np.fft.rfft(fields, axis=-1)) ** 2, axis=tuple(range(fields.ndim - 1)))


def _step_seconds(emulator: Model, past: Array, key: PRNGKeyArray | None, steps: int = 200) -> float:
    """Processor seconds of a step of one run alone, compiled before."""
    seconds = 0.0
    for _ in range(2):
        began = time.process_time()
        run = rollout(emulator, emulator.begin(past), steps=steps, every=steps, key=key)
        jax.block_until_ready(run.fields)
        seconds = time.process_time() - began
    return seconds / steps
