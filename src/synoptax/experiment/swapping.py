"""One method with several models in turn: its numbers are chosen for each model on a draw that is never scored."""

import abc
import dataclasses
import time
from collections.abc import Sequence

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..assimilate import AbstractAnalysis, cycle
from ..assimilate.verdict import worst
from ..dynamics import AbstractDynamics, rollout
from ..observe import AbstractObservation
from ..problems import AbstractTwinProblem
from ..records import Gaussian, Twin
from ..verify import constant_errors, track_errors
from ..verify.infer import quantiles
from .clock import Cost, measure
from .report import Row, row
from .twins import CLIMATOLOGY, Outcome, lost

REFERENCE = "solver"


class AbstractRecipe(eqx.Module):
    """A method with numbers that are still open."""

    @property
    @abc.abstractmethod
    def grid(self) -> Float[np.ndarray, "setting number"]:
        """What is tried; one row leaves nothing to choose."""

    @abc.abstractmethod
    def method(self, numbers: Float[Array, " number"]) -> AbstractAnalysis:
        """With these numbers."""

    @property
    def identity(self) -> list:
        """What a stored result depends on besides the fields: the grid, and how numbers become a method."""
        return [self.grid, self.method(jnp.asarray(self.grid[0]))]

    @abc.abstractmethod
    def say(self, numbers: np.ndarray) -> str:
        """What was chosen, in words; empty where nothing was."""


@dataclasses.dataclass(frozen=True)
class Draws:
    """The same truths and observations for every model.

    **Arguments:**
    - `problem`: with the truth as its model.
    - `scored`: twins along a leading axis.
    - `tuning`: another one, as often as there are scored ones, so that settings take the place of draws.
    - `keys`: of the methods, one a draw.
    """

    problem: AbstractTwinProblem
    scored: Twin
    tuning: Twin
    keys: PRNGKeyArray

    @classmethod
    def of(cls, problem: AbstractTwinProblem, count: int) -> "Draws":
        """So many scored draws."""
        keys = jax.random.split(jax.random.key(0), count + 1)
        twins = jax.jit(lambda k: jax.vmap(problem.simulate)(k))(keys)
        scored = jax.tree.map(lambda x: x[:-1], twins)
        tuning = jax.tree.map(lambda x: jnp.repeat(x[-1:], count, axis=0), twins)
        return cls(problem, scored, tuning, jax.vmap(lambda k: jax.random.fold_in(k, 1))(keys[:-1]))

    def told(self, twins: Twin, model: AbstractDynamics) -> Twin:
        """The prior as a state of another model."""
        field = self.problem.truth_dynamics.project
        mean = jax.vmap(lambda s: model.lift(field(s)))(twins.prior.mean)
        return Twin(twins.truth, twins.initial, twins.observations, Gaussian(mean, twins.prior.covariance))

    def climate(self, mean: Array) -> Outcome:
        """What a constant field scores."""
        guess = _Mean(mean)
        errors = np.asarray(jax.vmap(lambda t: constant_errors(guess, t))(self.scored))
        return Outcome({"forecast": errors, "analysis": errors}, {}, np.zeros(len(errors), int), Cost(), 0)


class _Mean(eqx.Module):
    mean: Array


@dataclasses.dataclass(frozen=True)
class Swapped:
    """What one method did with one kind of model.

    **Arguments:**
    - `outcomes`: one a training of the model.
    - `chosen`: the numbers in words.
    - `milliseconds`: of the processor for one analysis, shape (training,), compiled before, all draws side by side.
    - `cost`: of it all, choosing included.
    """

    outcomes: tuple[Outcome, ...]
    chosen: str
    milliseconds: np.ndarray
    cost: Cost

    def means(self, name: str, burn: int) -> Float[np.ndarray, "training draw"]:
        """Time means of a series."""
        return np.stack([o.series[name][:, burn:].mean(axis=1) for o in self.outcomes])


def swap(pairs: Sequence[tuple[AbstractRecipe, AbstractDynamics]], draws: Draws) -> Swapped:
    """A method with each training of a model; its numbers are chosen with the first of them.

    **Arguments:**
    - `pairs`: recipe and model, one a training; all of one structure, so that they share one compilation.
    """
    with measure() as making:
        numbers = _chosen(*pairs[0], draws)
    outcomes, milliseconds, cost = [], [], making.cost
    settings = jnp.repeat(jnp.asarray(numbers)[None], len(draws.keys), axis=0)
    analyses = len(draws.keys) * draws.problem.count
    for recipe, model in pairs:
        twins = draws.told(draws.scored, model)
        began = time.process_time()
        with measure() as clock:
            series, status = jax.tree.map(
                np.asarray, _tracks(recipe, settings, model, draws.problem.operator, twins, draws.keys)
            )
        milliseconds.append(1e3 * (time.process_time() - began) / analyses)
        outcomes.append(Outcome(series, {}, status, clock.cost, analyses))
        cost = cost + clock.cost
    return Swapped(tuple(outcomes), pairs[0][0].say(numbers), np.asarray(milliseconds), cost)


def _chosen(recipe: AbstractRecipe, model: AbstractDynamics, draws: Draws) -> np.ndarray:
    """The row of the grid with the least analysis error on the draw for tuning."""
    grid, side = recipe.grid, len(draws.keys)
    rows = np.resize(grid, (-(-len(grid) // side) * side, grid.shape[1]))
    twins = draws.told(draws.tuning, model)
    scores = []
    for at in range(0, len(rows), side):
        series, _ = _tracks(recipe, jnp.asarray(rows[at : at + side]), model, draws.problem.operator, twins, draws.keys)
        scores.append(np.asarray(series["analysis"])[:, draws.problem.burn :].mean(axis=1))
    found = np.concatenate(scores)[: len(grid)]
    return grid[int(np.argmin(np.where(np.isfinite(found), found, np.inf)))]


@eqx.filter_jit
def _tracks(
    recipe: AbstractRecipe,
    numbers: Float[Array, "draw number"],
    model: AbstractDynamics,
    operator: AbstractObservation,
    twins: Twin,
    keys: PRNGKeyArray,
) -> tuple[dict[str, Float[Array, "draw time"]], Array]:
    """All draws side by side, each with its numbers. Weights are arguments: trainings share one compilation."""

    def one(numbers: Array, twin: Twin, key: PRNGKeyArray) -> tuple[dict[str, Array], Array]:
        method = recipe.method(numbers)
        track = cycle(method, model, operator=operator, observations=twin.observations, prior=twin.prior, key=key)
        errors = track_errors(track, twin)
        if method.length == 1:  # nothing is smoothed
            errors = {k: v for k, v in errors.items() if not k.startswith("smoothed")}
        return errors, worst(track.status)

    return jax.vmap(one)(numbers, twins, keys)


def tabled(
    card: str, method: str, found: dict[str, Swapped], climate: Outcome, burn: int, parameters: dict[str, int]
) -> list[Row]:
    """Rows of one method with all its models; what another model makes of it is told in units of the solver's.

    **Arguments:**
    - `found`: model to what it did; ratios are given where the reference is among them.
    - `parameters`: numbers of weights of each model.
    """
    rows: list[Row] = []
    reference = found.get(REFERENCE)
    for model, one in found.items():
        gone = sum(int(lost(o, climate, burn).sum()) for o in one.outcomes)
        count = len(one.outcomes) * len(one.outcomes[0].status)
        facts = {"card": card, "method": f"{method}, {model}", "variable": "state", "seeds": count, "diverged": gone}
        facts |= {"parameters": parameters.get(model, 0), **dataclasses.asdict(one.cost)}
        facts["seed_list"] = tuple(range(len(one.outcomes)))
        scored = [s for s in ("analysis", "forecast", "smoothed") if s in one.outcomes[0].series]
        rows += [_row(one.means(s, burn), f"{s} RMSE", **facts) for s in scored]
        spread = one.means("analysis spread", burn)
        if np.isfinite(spread).any():
            rows.append(_row(spread / one.means("analysis", burn), "analysis spread/error", better="one", **facts))
        rows.append(_row(one.milliseconds[:, None], "processor ms per analysis", **facts))
        if reference is not None and model != REFERENCE:
            for s in ("analysis", "forecast"):
                share = one.means(s, burn) / reference.means(s, burn)
                rows.append(_row(share, f"{s} RMSE over the solver's", **facts))
            share = one.milliseconds[:, None] / reference.milliseconds.mean()
            rows.append(_row(share, "processor time over the solver's", **facts))
    return rows


def step_milliseconds(model: AbstractDynamics, fields: Float[Array, "state ..."], steps: int = 50) -> float:
    """Of the processor for one step of one state, these side by side, compiled before."""
    seconds = 0.0
    for _ in range(2):
        began = time.process_time()
        jax.block_until_ready(_moved(model, fields, steps))
        seconds = time.process_time() - began
    return 1e3 * seconds / (steps * len(fields))


@eqx.filter_jit
def _moved(model: AbstractDynamics, fields: Array, steps: int) -> Array:
    return jax.vmap(lambda x: rollout(model, model.lift(x), steps=steps, every=steps).fields)(fields)


def step_rows(card: str, found: dict[str, float], parameters: dict[str, int]) -> list[Row]:
    """What a step of each model costs by itself."""
    return [
        row(
            card=card,
            method=f"one step, {model}",
            variable="state",
            metric="processor ms per step",
            value=value,
            parameters=parameters.get(model, 0),
        )
        for model, value in found.items()
    ]


def climate_rows(card: str, climate: Outcome, burn: int) -> list[Row]:
    """The first row."""
    values = climate.series["analysis"][:, burn:].mean(axis=1)[None]
    return [_row(values, "analysis RMSE", card=card, method=CLIMATOLOGY, variable="state", seeds=values.size)]


def _row(values: Float[np.ndarray, "training draw"], metric: str, *, better: str = "lower", **facts) -> Row:
    """The median over trainings and draws, with an interval that resamples both."""
    random = np.random.default_rng(0)
    trainings, draws = values.shape
    finite = np.where(np.isfinite(values), values, np.inf)
    low = high = np.nan
    if draws > 2:
        drawn = [
            np.median(finite[random.integers(0, trainings, trainings)][:, random.integers(0, draws, draws)])
            for _ in range(1000)
        ]
        low, high = quantiles(np.asarray(drawn), [0.025, 0.975])
    return row(metric=metric, value=float(np.median(finite)), low=low, high=high, better=better, **facts)
