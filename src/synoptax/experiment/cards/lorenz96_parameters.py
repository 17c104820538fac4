"""Is a parameter found while the state is followed?"""

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ...assimilate import ETKF, AbstractAnalysis, FiniteSize, FourDVar, GaussNewton, IEnKS, Multiplicative, Plain, cycle
from ...assimilate.verdict import worst
from ...core import Monitor
from ...observe import AbstractCovariance, Diagonal, Stacked
from ...problems import Lorenz96Parameters
from ...records import Track, Twin
from ...verify import constant_errors, median, track_errors
from ..base import AbstractCard
from ..cache import Cache
from ..clock import Cost, measure
from ..figures import Line, Lines
from ..report import Report, Row, row, write
from ..table import finish
from ..twin_card import SCORES_NOTE, scaled
from ..twins import CLIMATOLOGY, Outcome, lost

_KEPT, _FOUND, _KNOWN = "guess kept", "F estimated", "F known"


class _Treatment(eqx.Module):
    """A method and what is done about F: it stays the guess, or is the truth when `known`, or travels in the state.

    **Arguments:**
    - `read`: finds F in a belief, when it is part of the state.
    """

    method: AbstractAnalysis
    known: Array
    read: Callable[[Any], Array] | None = eqx.field(static=True, default=None)

    def run(
        self, problem: Lorenz96Parameters, twin: Twin, guess: Float[Array, ""], *, key: PRNGKeyArray
    ) -> tuple[Track, Float[Array, " time"]]:
        """The analyses, and the F that was believed in at each of them."""
        force = jnp.where(self.known, problem.force, guess)
        dynamics = problem.model(force) if self.read is None else problem.augmented(force)
        track = cycle(
            self.method,
            dynamics,
            operator=problem.setting.operator,
            observations=twin.observations,
            prior=twin.prior if self.read is None else problem.believed(twin, force),
            key=key,
            view=self.read,
        )
        return track, jnp.full(len(twin.observations), force) if self.read is None else track.kept


class Lorenz96ParametersCard(AbstractCard):
    """What does a wrong force cost, and how much of it does an augmented state win back?"""

    title: ClassVar[str] = "Lorenz-96 with an unknown force: all 40 variables every 0.2, unit errors"
    notes: ClassVar[tuple[str, ...]] = (
        SCORES_NOTE,
        "The guess of F is drawn about the true 8 with standard deviation 1, another one for each seed; 'force' is the "
        "time mean of |F - 8| after the burn-in. 'F known' is the perfect model.",
        "Inflation, the factor of 4DVar's covariance and its deviation of F were chosen on three shorter draws of "
        "another key, for each of the three treatments by itself: a wrong F wants more inflation (1.3 of the ETKF, 1.2 "
        "of the IEnKS) and ten times the covariance.",
        "4DVar keeps the variance of F that it is given, so its estimate goes on to wander; ensembles grow surer.",
    )
    seeds: ClassVar[int] = 8

    def run(self, *, seeds: int, quick: bool, out: Path, monitor: Monitor = Monitor()) -> Report:
        """All treatments on the same draws."""
        began = time.monotonic()
        problem = Lorenz96Parameters.quick() if quick else Lorenz96Parameters()
        every, cache = _treatments(problem, quick=quick), Cache(Path(out) / "units")
        precision = bool(jax.config.read("jax_enable_x64"))
        found: dict[str, Outcome] = {}
        for number, (label, treatment) in enumerate([(CLIMATOLOGY, None), *every.items()]):
            monitor(number, len(every) + 1, label)
            found[label] = cache.obtain(
                [label, treatment, problem, seeds, precision],
                lambda folder, treatment=treatment: _work(problem, treatment, seeds),
            )
        rows = [r for label, o in found.items() for r in _rows(self.name(), label, o, found[CLIMATOLOGY], problem)]
        seconds = time.monotonic() - began
        report = finish(
            self.name(), self.title, rows, figures=_figures(problem, found), notes=self.notes, seconds=seconds
        )
        write(report, out)
        return report


def _treatments(problem: Lorenz96Parameters, *, quick: bool) -> dict[str, _Treatment]:
    """Three methods (two when quick), and three things to do about F."""
    climate = problem.setting.climate()
    background = scaled(climate, 0.01)
    wider = Stacked((background, Diagonal(jnp.full(1, 0.1**2))))
    etkf, ienks = ETKF(24, Multiplicative(1.15)), IEnKS(24, lag=4, prior=FiniteSize(2.0))
    # with the wrong F, with F in the state, with the right F; where F is found in a belief
    methods: dict[str, tuple[AbstractAnalysis, AbstractAnalysis, AbstractAnalysis, Callable[[Any], Array]]] = {
        "ETKF, 24 members": (ETKF(24, Multiplicative(1.3)), etkf, etkf, _of_members),
        "4DVar, window of 4": (_fourdvar(scaled(climate, 0.1)), _fourdvar(wider), _fourdvar(background), _of_flown),
    }
    if not quick:
        inflated = IEnKS(24, lag=4, prior=Plain(), inflation=Multiplicative(1.2))
        methods["IEnKS, 24 members, lag 4"] = inflated, ienks, ienks, _of_members
    found: dict[str, _Treatment] = {}
    for name, (wrong, augmented, right, read) in methods.items():
        found[f"{name}: {_KEPT}"] = _Treatment(wrong, jnp.asarray(False))
        found[f"{name}: {_FOUND}"] = _Treatment(augmented, jnp.asarray(False), read)
        found[f"{name}: {_KNOWN}"] = _Treatment(right, jnp.asarray(True))
    return found


def _fourdvar(covariance: AbstractCovariance) -> FourDVar:
    return FourDVar(4, covariance, GaussNewton(4))


def _of_members(belief: Any) -> Array:
    return jnp.mean(belief.members.parameters["force"])


def _of_flown(belief: Any) -> Array:
    return belief.past.parameters["force"][-1]


@eqx.filter_jit
def _all_seeds(treatment: _Treatment, problem: Lorenz96Parameters, twins, guesses, keys):
    def one(twin, guess, key):
        track, force = treatment.run(problem, twin, guess, key=key)
        errors = track_errors(track, twin)
        return {"analysis": errors["analysis"], "force": force}, worst(track.status)

    return jax.vmap(one)(twins, guesses, keys)


def _work(problem: Lorenz96Parameters, treatment: _Treatment | None, seeds: int) -> Outcome:
    keys = jax.random.split(jax.random.key(0), seeds)
    twins, guesses = jax.jit(lambda k: jax.vmap(problem.simulate)(k))(keys)
    if treatment is None:
        mean = problem.setting.climate()
        errors = np.asarray(jax.vmap(lambda t: constant_errors(mean, t))(twins))
        return Outcome({"analysis": errors}, {}, np.zeros(seeds, int), Cost(), 0)
    drawing = jax.vmap(lambda k: jax.random.fold_in(k, 2))(keys)
    with measure() as making:
        ready = _all_seeds.lower(treatment, problem, twins, guesses, drawing).compile()
    with measure() as clock:
        series, status = jax.block_until_ready(ready(treatment, problem, twins, guesses, drawing))
    return Outcome(
        {k: np.asarray(v) for k, v in series.items()},
        {},
        np.asarray(status),
        dataclasses.replace(clock.cost, compile_seconds=making.cost.compile_seconds + making.cost.run_seconds),
        seeds * problem.setting.count,
    )


def _rows(card: str, label: str, outcome: Outcome, climate: Outcome, problem: Lorenz96Parameters) -> list[Row]:
    burn, count = problem.setting.burn, len(outcome.status)
    gone = np.zeros(count, bool) if label == CLIMATOLOGY else lost(outcome, climate, burn)
    scores = {("state", "analysis RMSE"): outcome.series["analysis"][:, burn:].mean(axis=1)}
    if "force" in outcome.series and not label.endswith(_KNOWN):
        scores["force", "parameter error"] = np.abs(outcome.series["force"][:, burn:] - problem.force).mean(axis=1)
    facts = {"card": card, "method": label, "seeds": count, "seed_list": tuple(range(count))}
    facts |= {"diverged": int(gone.sum()), **dataclasses.asdict(outcome.cost)}
    rows = []
    for (variable, metric), values in scores.items():
        value, low, high = median(values)
        rows.append(row(variable=variable, metric=metric, value=value, low=low, high=high, **facts))
    return rows


def _figures(problem: Lorenz96Parameters, found: dict[str, Outcome]) -> tuple[Lines]:
    """|F − 8| in time, median and quartiles over seeds."""
    lines, x = {}, problem.setting.interval * np.arange(1, problem.setting.count + 1)
    for label, outcome in found.items():
        if label.endswith(_FOUND):
            away = np.abs(outcome.series["force"] - problem.force)
            low, middle, high = np.quantile(away, [0.25, 0.5, 0.75], axis=0)
            lines[label] = Line(x, middle, low, high)
    return (Lines("Error of the force: median and quartiles over seeds", "time", "|F - 8|", lines, log_y=True),)
