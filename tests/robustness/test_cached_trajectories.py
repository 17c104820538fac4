"""Runs kept on disk: made once, found again by what they are, whole or not there."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError, Monitor
from synoptax.dynamics import ETDRK4, RK4, Euler, KolmogorovFlow, Lorenz63, StepFunction, Stepped, SteppedSemilinear
from synoptax.problems import SolverEmulation, model_code, trajectories
from synoptax.problems.emulation import Maps

KEY = jax.random.key(0)
MODEL = Stepped(Lorenz63(), RK4(), 0.01)
VIEW = Maps((1, 1, 3))
ASKED = {"count": 2, "times": 3, "every": 2, "spin_up": 4, "key": KEY}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of each test's own."""
    monkeypatch.setenv("SYNOPTAX_CACHE", str(tmp_path))
    return tmp_path / "trajectories"


@pytest.fixture
def names(cache, monkeypatch):
    """Folders are made, nothing is simulated."""
    monkeypatch.setattr(trajectories, "_simulated", lambda *asked: np.zeros(1))

    def folder(dynamics=MODEL, view=VIEW, **other) -> str:
        before = {p.name for p in cache.glob("*")}
        trajectories.trajectories(dynamics, view, **(ASKED | other))
        return next(iter({p.name for p in cache.glob("*")} - before), "found")

    return folder


def test_a_second_call_simulates_nothing_and_reads_the_same(cache, monkeypatch):
    said: list = []
    first = trajectories.trajectories(MODEL, VIEW, **ASKED, monitor=Monitor(lambda *words: said.append(words)))
    assert first.shape == (2, 3, 1, 1, 3) and len(said) == 2
    assert np.all(np.isfinite(first)) and not np.allclose(first[0], first[1])
    step = jax.jit(lambda x: MODEL.step(x, jnp.asarray(0.0)))
    for before, after in zip(first[:, :-1].reshape(-1, 3), first[:, 1:].reshape(-1, 3), strict=True):
        np.testing.assert_allclose(step(step(jnp.asarray(before))), after, rtol=1e-12)
    monkeypatch.setattr(trajectories, "_simulated", None)
    again = trajectories.trajectories(
        Stepped(Lorenz63(), RK4(), 0.01), VIEW, **ASKED, monitor=Monitor(lambda *words: said.append(words))
    )
    np.testing.assert_array_equal(again, first)
    assert len(said) == 2 and [p.name for p in cache.iterdir()] == [next(cache.iterdir()).name]


def test_whatever_changes_the_numbers_has_another_folder(names):
    seen = [
        names(),
        names(Stepped(Lorenz63(), RK4(), 0.02)),
        names(Stepped(Lorenz63(), Euler(), 0.01)),
        names(Stepped(Lorenz63(rho=27.0), RK4(), 0.01)),
        names(view=Maps((3, 1, 1))),
        *(names(**{name: 7}) for name in ("count", "times", "every", "spin_up")),
        names(key=jax.random.key(1)),
    ]
    with jax.enable_x64(False):
        seen.append(names(key=jax.random.key(0)))
    assert "found" not in seen and len(set(seen)) == len(seen)
    assert names() == "found"


def test_functions_of_ones_own_count_by_what_they_do(names):
    def model(rate):
        return StepFunction(rate, dt=0.1, initial=jnp.zeros(3))

    assert names(model(lambda x, t: 0.5 * x)) != "found"
    assert names(model(lambda x, t: 0.6 * x)) != "found"
    assert names(model(lambda x, t: 0.5 * x)) == "found"


def test_a_corrected_formula_of_the_library_has_another_folder(names, monkeypatch):
    """In the system's own class, in its ancestor, in what that calls, in the scheme; not in another system."""
    flow = SteppedSemilinear(KolmogorovFlow.example(), ETDRK4(), 0.01)
    assert names(flow) != "found" and names(flow) == "found"
    real = model_code._text
    for place in ("systems.kolmogorov_flow", "systems.vorticity", "systems.plane", "schemes.etdrk4"):
        with monkeypatch.context() as patch:
            patch.setattr(model_code, "_text", lambda m, at=place: real(m) + "#" * m.__name__.endswith(at))
            assert names(flow) != "found", place
    with monkeypatch.context() as patch:
        patch.setattr(model_code, "_text", lambda m: real(m) + "#" * m.__name__.endswith("lorenz96"))
        assert names(flow) == "found"


def test_code_is_told_without_its_words(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    texts = ("x = 2.0", '"""Two."""\nx = 2.0  # two', "x = 3.0")
    modules = []
    for number, text in enumerate(texts):
        (tmp_path / f"words_of_code_{number}.py").write_text(text)
        modules.append(__import__(f"words_of_code_{number}"))
    plain, documented, other = map(model_code._text, modules)
    assert plain == documented != other


def test_parts_of_a_problem_differ():
    """Training, validation and test runs start elsewhere, and the key matters."""
    problem = SolverEmulation(MODEL, 2, 4, variables=(("x", "1"),), train=2, valid=2, test=2, times=3, leads=2)
    parts = [problem.runs(part, 2, 3, key=KEY, monitor=Monitor()) for part in range(3)]
    parts.append(problem.runs(0, 2, 3, key=jax.random.key(1), monitor=Monitor()))
    firsts = np.concatenate(parts)[:, 0].reshape(8, -1)
    assert len(np.unique(firsts, axis=0)) == 8


def test_a_blow_up_is_refused_and_leaves_nothing(cache):
    wild = StepFunction(lambda x, t: 1e200 * (1.0 + x * x), dt=0.5, initial=jnp.zeros(3))
    with pytest.raises(InputError, match=r"A run of StepFunction blew up with steps of 0\.5; shorten them\."):
        trajectories.trajectories(wild, VIEW, **ASKED)
    late = StepFunction(lambda x, t: jnp.where(t > 3.0, jnp.inf, 1.0 + x), dt=0.5, initial=jnp.zeros(3))
    with pytest.raises(InputError, match="blew up"):  # after the spin-up
        trajectories.trajectories(late, VIEW, **ASKED)
    assert not list(cache.rglob("*"))


def test_a_full_disk_leaves_nothing(cache, monkeypatch):
    def full(*arrays, **named):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    monkeypatch.setattr(trajectories, "_simulated", lambda *asked: np.zeros(1))
    with pytest.raises(InputError, match="disk is full"):
        trajectories.trajectories(MODEL, VIEW, **ASKED)
    assert not list(cache.rglob("*"))
