"""A solver of one's own is emulated as those of the library are."""

import json
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.dynamics import StepFunction, SteppedSemilinear, rollout
from synoptax.emulate import LinearInverse
from synoptax.experiment import EmulationTable
from synoptax.problems import KSEmulation, SolverEmulation

PAGE = Path(__file__).parents[2] / "docs" / "emulation.md"
SMALL = {"steps=2000": "steps=40, every=20", "spin_up=500": "train=3, valid=2, test=2, leads=5, spin_up=50"}


def test_the_snippets_of_the_docs_run(tmp_path, monkeypatch):
    """On fewer runs and steps; of the table, the linear model."""
    monkeypatch.setenv("SYNOPTAX_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    first, second = re.findall(
        r"```python\n(.*?)```", PAGE.read_text().split("## On your own solver")[1].split("\n## ")[0], re.DOTALL
    )
    for long, short in SMALL.items():
        assert long in first
        first = first.replace(long, short)
    said: list = []
    space = {"print": said.append}
    exec(first, space)
    error = np.asarray(said[0])
    assert error.shape == (5,) and np.all(np.isfinite(error)) and error[0] < 3.0
    table = EmulationTable(space["problem"], {"LIM": LinearInverse(components=(2,), penalties=(0.0,))}, steps=30)
    assert "EmulationTable(problem, methods).run(seeds=5, quick=False, out=Path" in second
    table.run(seeds=2, quick=False, out=Path("OUT"))
    rows = json.loads(Path("OUT/results.json").read_text())["rows"]
    assert {r["method"] for r in rows} == {"persistence", "climatology", "LIM", "solver, other runs"}


def test_the_runs_are_those_of_a_problem_of_the_library(tmp_path, monkeypatch):
    """Each simulates its own, and the first test run is what stepping the solver by hand gives."""
    ours = KSEmulation(train=1, valid=1, test=1, times=3, leads=2, size=16, length=22.0)
    solver = ours.dynamics
    assert isinstance(solver, SteppedSemilinear)
    yours = SolverEmulation(
        solver, ours.every, ours.spin_up, variables=ours.variables, place=ours.grid, train=1, valid=1, test=1, times=3,
        leads=2,
    )  # fmt: skip
    key = jax.random.key(0)
    found = []
    for name, problem in (("ours", ours), ("yours", yours)):
        monkeypatch.setenv("SYNOPTAX_CACHE", str(tmp_path / name))
        found.append(problem.cases(key=key))
        assert len(list((tmp_path / name / "trajectories").iterdir())) == 2
    np.testing.assert_array_equal(found[1].truth, found[0].truth)
    first, noise = jax.random.split(jax.random.split(jax.random.fold_in(key, 2), 1)[0])
    spun = rollout(solver, solver.start(key=first), steps=ours.spin_up, every=ours.spin_up, key=noise).last
    by_hand = rollout(solver, spun, steps=2 * ours.every, every=ours.every).fields
    np.testing.assert_allclose(found[1].past[0, 0, 0, 0], spun, atol=1e-6)
    np.testing.assert_allclose(found[1].truth[0, :, 0, 0], by_hand, atol=1e-6)
    assert yours.layout() == ours.layout()


def test_what_cannot_be_emulated_is_refused():
    def model(shape: tuple[int, ...]):
        return StepFunction(lambda x, t: x, dt=1.0, initial=jnp.zeros(shape))

    with pytest.raises(InputError, match="shows 3 channel"):
        SolverEmulation(model((3, 4, 4)))
    with pytest.raises(InputError, match=r"shape \(x,\), \(y, x\) or \(channel, y, x\)"):
        SolverEmulation(model(()))
    with pytest.raises(InputError, match="positive numbers"):
        SolverEmulation(model((4,)), every=0)
    with pytest.raises(InputError, match="give its grid"):
        SolverEmulation(model((4,)), place=KSEmulation(size=16).grid)
    with pytest.raises(InputError, match="needs a method"):
        EmulationTable(SolverEmulation(model((4,))), {})
