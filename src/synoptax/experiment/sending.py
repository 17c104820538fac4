"""The unit of work of an experiment on forecasts of a planet: one method, one seed; taught, then sent ahead."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .. import emulate
from ..core import Monitor, fingerprint
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
    fields, begins = problem.fields(), problem.begins
    runs = {"one": _ahead(emulator, fields[begins, None], plan)}
    if ensembles:
        noise = problem.perturbations(plan.members * len(begins), plan.size, key=jax.random.key(_PERTURBED))
        noise = np.moveaxis(noise.reshape(plan.members, len(begins), *noise.shape[1:]), 0, 1)
        runs["perturbed"] = _ahead(emulator, fields[begins, None], plan, members=plan.members, errors=noise)
        lagged = min(plan.members, problem.lags + 1)
        runs["lagged"] = _ahead(emulator, fields[begins[:, None] + np.arange(1 - lagged, 1)], plan, members=lagged)
    return Sent(seed, runs, clock.cost, parameters(model), fingerprint(model))


def _ahead(
    emulator: emulate.Emulator,
    pasts: Float[np.ndarray, "start time c y x"],
    plan: Plan,
    *,
    members: int = 1,
    errors: Float[np.ndarray, "start member c y x"] | None = None,
) -> Float[np.ndarray, "member start lead c y x"]:
    """Around the newest fields with their errors, or lagged without; kept at the marks."""
    dtype, marks = emulator.mean.dtype, np.asarray(plan.marks)
    given = None if errors is None else jnp.asarray(errors, dtype)
    found = np.asarray(_rolled(emulator, jnp.asarray(pasts, dtype), given, members, int(marks[-1])))
    return np.moveaxis(found[:, :, marks - 1], 0, 1)


@eqx.filter_jit
def _rolled(
    emulator: emulate.Emulator,
    pasts: Float[Array, "start time c y x"],
    errors: Float[Array, "start member c y x"] | None,
    members: int,
    steps: int,
) -> Float[Array, "start member step c y x"]:
    def one(past: Array, own: Array | None) -> Array:
        ensemble: emulate.AbstractEnsemble = (
            emulate.Lagged(emulator, members)
            if own is None
            else emulate.Perturbed(emulator, members, emulate.GivenErrors(own))
        )
        return ensemble.forecast(past, steps=steps).fields

    return jax.vmap(one)(pasts, errors)
