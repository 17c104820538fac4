"""The unit of work of an experiment on forecasts of a planet: one method, one seed; taught, then sent ahead."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .. import emulate
from ..core import Monitor, fingerprint
from ..dynamics import rollout
from ..learn import AbstractMethod
from ..problems import HeldSuarezForecast
from ..records import Predictors
from .clock import Cost, measure
from .unit import parameters

_PERTURBED = 11  # of the perturbations: the same for all methods and seeds


@dataclasses.dataclass(frozen=True)
class Sent:
    """Forecasts of one method with one seed.

    **Arguments:**
    - `runs`: kind to fields, shape (member, start, lead, channel, y, x): "one" is the single best run.
    - `digest`: fingerprint of the fitted model.
    """

    seed: int
    runs: dict[str, Float[np.ndarray, "member start lead channel y x"]]
    cost: Cost
    parameters: int
    digest: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is asked of every method.

    **Arguments:**
    - `marks`: days ahead that are scored, ascending.
    - `members`: of each ensemble.
    - `size`: of the perturbations, as `HeldSuarezForecast.perturbations` takes it.
    """

    marks: tuple[int, ...]
    members: int
    size: float


def send_direct(
    method: AbstractMethod, problem: HeldSuarezForecast, lead: int, *, seed: int, monitor: Monitor = Monitor()
) -> Sent:
    """Fitted for one lead, then asked for that lead alone."""
    task = problem.task(lead, monitor=monitor)
    with measure() as clock:
        model = method.fit(task, key=jax.random.key(seed), monitor=monitor)
    given = jnp.asarray(problem.fields()[problem.begins], task.train.truth.dtype)
    still = jnp.zeros((len(given), 2), given.dtype)
    asked = Predictors((given,), still, task.train.predictors.static, jnp.zeros(len(given), int))
    fields = np.asarray(model.predict(asked), np.float32)[None, :, None]
    return Sent(seed, {"one": fields}, clock.cost, parameters(model), fingerprint(model))


def send_stepwise(
    method: AbstractMethod,
    problem: HeldSuarezForecast,
    plan: Plan,
    *,
    seed: int,
    ensembles: bool = False,
    monitor: Monitor = Monitor(),
) -> Sent:
    """Fitted for one day, then stepped; with `ensembles` from perturbed fields and from earlier days as well."""
    task = problem.task(monitor=monitor)
    with measure() as clock:
        model = method.fit(task, key=jax.random.key(seed), monitor=monitor)
    emulator = emulate.Emulator.of(model, task.train, dt=1.0)
    fields, begins, marks = problem.fields(), problem.begins, np.asarray(plan.marks)
    runs = {"one": _ahead(emulator, fields[begins], marks)[None]}
    if ensembles:
        noise = problem.perturbations(plan.members * len(begins), plan.size, key=jax.random.key(_PERTURBED))
        noise = noise.reshape(plan.members, len(begins), *noise.shape[1:])
        runs["perturbed"] = np.stack([_ahead(emulator, fields[begins] + n, marks) for n in noise])
        lags = range(min(plan.members, problem.lags + 1))
        runs["lagged"] = np.stack([_ahead(emulator, fields[begins - lag], marks + lag) for lag in lags])
    return Sent(seed, runs, clock.cost, parameters(model), fingerprint(model))


def _ahead(emulator: emulate.Emulator, fields: np.ndarray, marks: np.ndarray) -> Float[np.ndarray, "start lead c y x"]:
    """From each field, kept at the marks."""
    return np.asarray(_rolled(emulator, jnp.asarray(fields, emulator.mean.dtype), int(marks[-1])))[:, marks - 1]


@eqx.filter_jit
def _rolled(emulator: emulate.Emulator, fields: Float[Array, "start c y x"], steps: int) -> Array:
    return jax.vmap(lambda f: rollout(emulator, emulator.begin(f[None]), steps=steps).fields)(fields)
