"""Cards of emulation: rows that differ, rivals that exist, networks of equal size, references first."""

import equinox as eqx
import jax
import numpy as np
import pytest

from synoptax.core import fingerprint
from synoptax.emulate.reader import Reader
from synoptax.emulate.schooling import AbstractNetworkForecast
from synoptax.experiment.cards import (
    KolmogorovEmulationCard,
    KSCohesionCard,
    KSEmulationCard,
    KSLessons,
    ShallowWaterEmulationCard,
)
from synoptax.records import Predictors, Samples, Task

TABLES = (KSEmulationCard(), KolmogorovEmulationCard(), ShallowWaterEmulationCard())  # those that compare networks
CARDS = (*TABLES, KSLessons(), KSCohesionCard())
EQUAL = 1.25  # largest over smallest number of weights


def _task(problem) -> Task:
    """Noise in the shapes of the problem: enough to build networks on."""
    layout = problem.layout()
    shape = (4, len(problem.variables), *problem.grid.shape)
    fields = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    past = np.concatenate([fields] * problem.history, axis=1)
    given = Predictors((past,), np.zeros((4, 2)), np.zeros((0, *problem.grid.shape), np.float32), np.zeros(4, int))
    samples = Samples(given, fields)
    return Task(samples, samples, None, layout)


@pytest.mark.parametrize("card", CARDS, ids=lambda c: c.name())
def test_rows_of_emulation_cards_differ_and_have_their_rivals(card) -> None:
    methods, quick = (card.methods(quick=q) for q in (False, True))
    assert list(methods)[:2] == list(quick)[:2] == ["persistence", "climatology"]
    assert set(quick) <= set(methods)
    assert set(card.rivals) <= set(methods)
    assert len({fingerprint(m) for m in methods.values()}) == len(methods)


@pytest.mark.parametrize("card", CARDS, ids=lambda c: c.name())
def test_courses_of_emulation_cards_end_within_their_runs(card) -> None:
    for quick in (False, True):
        problem = card.problem(quick=quick)
        course = card.course(problem, quick=quick)
        assert course.marks[0] == 1
        assert course.marks[-1] <= problem.leads
        assert card.seeds == 5


@pytest.mark.parametrize("card", TABLES, ids=lambda c: c.name())
def test_networks_of_emulation_cards_have_about_as_many_weights(card) -> None:
    problem = card.problem(quick=False)
    task = _task(problem)
    reader = Reader.of(task, who="this test")
    counts = {}
    for label, method in card.methods(quick=False).items():
        if isinstance(method, AbstractNetworkForecast):
            build = eqx.filter_eval_shape(method.build, reader, problem.grid, key=jax.random.key(0))
            counts[label] = sum(x.size for x in jax.tree.leaves(build) if isinstance(x, jax.ShapeDtypeStruct))
    assert len(counts) >= 5
    assert max(counts.values()) <= EQUAL * min(counts.values()), counts
