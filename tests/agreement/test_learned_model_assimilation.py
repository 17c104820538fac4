"""An emulator in place of the solver: the same calls, and a table that compares one model with another fairly."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.assimilate import LETKF, Circle, FourDVar, GaspariCohn, GaussNewton, Localisation, Multiplicative, cycle
from synoptax.dynamics import Shown
from synoptax.emulate import Emulator, LinearInverse
from synoptax.emulate.emulator import wave
from synoptax.experiment.cards import LearnedModelAssimilation
from synoptax.experiment.moving_window import MovingWindow, simulated
from synoptax.experiment.swapping import AbstractRecipe, Draws, swap, tabled
from synoptax.observe import Diagonal, Sites
from synoptax.problems import TwinProblem
from synoptax.problems.emulation import Flat, Maps
from synoptax.records import Samples, Source, Task

SEEN = (0, 3, 7, 10, 14, 20)
NETWORK = Sites(SEEN, Diagonal.of(6, 0.01))


class Local(AbstractRecipe):
    @property
    def grid(self):
        return np.asarray([[30.0], [1.02]])

    def method(self, numbers):
        return LETKF(6, Multiplicative(numbers[0]), Localisation(GaspariCohn(), 20.0, Circle(24)))

    def say(self, numbers):
        return f"inflation {numbers[0]:g}"


@pytest.fixture(scope="module")
def emulator():
    """A linear inverse model of a wave that moves, seen as a line of 24 numbers."""
    task = wave()

    def newest(samples: Samples) -> Samples:
        field = samples.predictors.fields[0][:, 1:]
        return Samples(dataclasses.replace(samples.predictors, fields=(field,)), samples.truth)

    source = Source(task.layout.place, ("wave",), (0,))
    layout = dataclasses.replace(task.layout, sources=(source,), counterparts=((0, 0),))
    task = Task(newest(task.train), newest(task.valid), newest(task.train).predictors, layout)
    forecast = LinearInverse.example().fit(task, key=jax.random.key(0))
    return Shown(Emulator.of(forecast, task.train, dt=1.0), Flat((24,)), Maps((1, 4, 6)))


@pytest.fixture(scope="module")
def draws(emulator):
    return Draws.of(TwinProblem(emulator, emulator, NETWORK, count=12, burn=4, spin_up=4, spread=0.3), 2)


def test_an_emulator_takes_the_place_of_the_solver_in_an_ensemble_filter(emulator, draws):
    """The better of two settings is chosen, and a model compared with itself loses nothing."""
    found = swap([(Local(), emulator)], draws)
    assert found.chosen == "inflation 1.02" and found.milliseconds[0] > 0
    climate = draws.climate(jnp.zeros(24))
    error = found.means("analysis", 4)
    assert error.shape == (1, 2) and (error < 0.2 * climate.series["analysis"].mean()).all()
    rows = tabled("card", "LETKF", {"solver": found, "twin": found}, climate, 4, {"twin": 3})
    ratios = [r["value"] for r in rows if r["metric"] == "analysis RMSE over the solver's"]
    assert ratios == [1.0] and {r["parameters"] for r in rows if r["method"] == "LETKF, twin"} == {3}
    assert all(r["diverged"] == 0 for r in rows)


def test_strong_4dvar_fits_an_emulator_and_its_analyses_have_derivatives(emulator, draws):
    twin = jax.tree.map(lambda x: x[0], draws.told(draws.scored, emulator))

    def error(values):
        track = cycle(
            FourDVar(3, Diagonal.of(24, 0.05), GaussNewton(1)),
            emulator,
            operator=NETWORK,
            observations=dataclasses.replace(twin.observations, values=values),
            prior=twin.prior,
            key=jax.random.key(0),
        )
        return jnp.mean((track.analysis.mean[4:] - twin.truth[4:]) ** 2)

    value, slope = jax.jit(jax.value_and_grad(error))(twin.observations.values)
    assert float(value) < 0.25 * float(jnp.mean(twin.truth**2))
    assert np.isfinite(np.asarray(slope)).all() and float(jnp.abs(slope).max()) > 0


class Newest(eqx.Module):
    """Observations put in their places, zero elsewhere."""

    def reconstruct(self, window, *, prior, dynamics, operator, key):
        from synoptax.assimilate import Reconstruction
        from synoptax.records import Estimate

        fields = jnp.zeros((len(window), 24)).at[:, jnp.asarray(SEEN)].set(window.values)
        return Reconstruction(Estimate(fields, jnp.full_like(fields, 0.5)), {}, jnp.zeros((), jnp.int32))


def test_windows_move_and_the_model_only_forecasts(emulator, draws):
    """The analysis is the newest state of its window, the smoothed one the oldest, the forecast a step of the model."""
    twin = jax.tree.map(lambda x: x[0], draws.told(draws.scored, emulator))
    track = cycle(
        MovingWindow(Newest(), 3),
        emulator,
        operator=NETWORK,
        observations=twin.observations,
        prior=twin.prior,
        key=jax.random.key(0),
    )
    values = twin.observations.values
    np.testing.assert_allclose(track.analysis.mean[:, jnp.asarray(SEEN)], values)
    np.testing.assert_allclose(track.smoothed.mean[2:, jnp.asarray(SEEN)], values[:-2])
    step = emulator.project(emulator.step(emulator.lift(track.analysis.mean[5]), jnp.asarray(6.0)))
    np.testing.assert_allclose(track.forecast.mean[6], step, atol=1e-12)


def test_simulated_windows_are_what_the_model_does(emulator):
    starts = jnp.stack([emulator.project(emulator.start(key=jax.random.key(i))) for i in range(2)])
    windows, states = simulated(emulator, starts, NETWORK, times=8, length=4, every=2, key=jax.random.key(0))
    assert windows.values.shape == (6, 4, 6) and states.shape == (6, 4, 24)
    np.testing.assert_array_equal(states[0, 2:], states[1, :2])  # cut every two steps from the same run
    left = windows.values - states[:, :, jnp.asarray(SEEN)]
    assert 0.05 < float(jnp.std(left)) < 0.2  # the errors are 0.1


@pytest.mark.parametrize("quick", [True, False])
def test_the_card_gives_every_model_the_same_problem(quick):
    card = LearnedModelAssimilation()
    problem, emulators = card.problem(quick=quick), card.emulators(quick=quick)
    assert problem.interval == 1.0 and len(problem.operator.index) == 16
    assert problem.count - problem.burn == (100 if quick else 300)
    assert list(emulators) == (["FNO"] if quick else ["LIM", "U-Net", "U-Net, noise", "FNO"])
