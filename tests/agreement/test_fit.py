"""The training loop: two routes, one answer; faults end in a specific status."""

import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from synoptax.core import InputError, Monitor, Status
from synoptax.learn import AbstractObjective, InMemory, MeanSquaredError, Streamed, fit

X = np.random.default_rng(0).normal(size=(32, 3))
Y = X @ np.array([[1.0], [-2.0], [0.5]]) + 0.3


class Line(eqx.Module):
    slope: jax.Array
    shift: jax.Array

    def __call__(self, x, *, key=None):
        return x @ self.slope + self.shift


class Fragile(AbstractObjective):
    """Squared error that turns into NaN where the shift exceeds a limit."""

    limit: float

    def loss(self, model, batch, *, average, key):
        value, terms = MeanSquaredError().loss(model, batch, average=average, key=key)
        return jnp.where(model.shift[0] > self.limit, jnp.nan, value), terms


class Stumbling(AbstractObjective):
    """Squared error that is NaN at every fifth step or so."""

    def loss(self, model, batch, *, average, key):
        value, terms = MeanSquaredError().loss(model, batch, average=average, key=key)
        return jnp.where(jax.random.uniform(key) < 0.2, jnp.nan, value), terms


def line(slope: float = 0.0) -> Line:
    return Line(jnp.full((3, 1), slope), jnp.zeros(1))


def data():
    return InMemory((jnp.asarray(X), jnp.asarray(Y)), 8)


def train(**options):
    settings = {"key": jax.random.key(0), "every": 20, **options}
    steps = settings.pop("steps", 60)
    optimiser = settings.pop("optimiser", optax.adam(0.1))
    return fit(
        settings.pop("model", line()),
        settings.pop("objective", MeanSquaredError()),
        data(),
        optimiser,
        steps,
        **settings,
    )


def test_finds_the_line_and_logs_it():
    done = train(steps=400)
    np.testing.assert_allclose(np.asarray(done.model.slope[:, 0]), [1.0, -2.0, 0.5], atol=1e-2)
    assert Status(int(done.status)) is Status.successful
    assert done.log["loss"][-1] < 1e-3 < done.log["loss"][0]
    assert list(done.log["step"][:3]) == [20, 40, 60]


def test_same_key_same_numbers_other_key_other_numbers():
    a, b, c = train(), train(), train(key=jax.random.key(1))
    assert eqx.tree_equal(a.model, b.model)
    assert not eqx.tree_equal(a.model, c.model)


def test_callers_weights_survive_the_donation():
    model = line(0.5)
    train(model=model)
    np.testing.assert_array_equal(np.asarray(model.slope), 0.5)


def test_one_scan_of_many_steps_is_many_scans():
    np.testing.assert_array_equal(np.asarray(train(every=60).model.slope), np.asarray(train(every=15).model.slope))


def test_members_are_the_single_fits():
    everything = InMemory((jnp.asarray(X), jnp.asarray(Y)), 32)  # full batches: the order of samples does not matter
    stacked = jax.tree.map(lambda *a: jnp.stack(a), line(0.0), line(1.0))
    options = {"key": jax.random.key(0), "every": 20}
    both = fit(stacked, MeanSquaredError(), everything, optax.adam(0.1), 60, members=2, **options)
    for i, start in enumerate((0.0, 1.0)):
        one = fit(line(start), MeanSquaredError(), everything, optax.adam(0.1), 60, **options)
        np.testing.assert_allclose(np.asarray(both.model.slope[i]), np.asarray(one.model.slope), rtol=1e-9)
    assert both.log["loss"].shape == (3, 2)


def test_missing_targets_do_not_count():
    holes = Y.copy()
    holes[::2] = np.nan
    done = fit(
        line(),
        MeanSquaredError(),
        InMemory((jnp.asarray(X), jnp.asarray(holes)), 16),
        optax.adam(0.1),
        300,
        key=jax.random.key(0),
        every=100,
    )
    np.testing.assert_allclose(np.asarray(done.model.slope[:, 0]), [1.0, -2.0, 0.5], atol=2e-2)


def test_frozen_weights_stay():
    spec = Line(slope=False, shift=True)
    done = train(model=line(0.25), trainable=spec)
    np.testing.assert_array_equal(np.asarray(done.model.slope), 0.25)
    assert float(jnp.abs(done.model.shift[0])) > 0.01


def test_average_lags_behind_and_is_what_comes_back():
    done = train(average=0.9)
    assert not eqx.tree_equal(done.model, done.last)
    apart = np.abs(np.asarray(done.model.slope) - np.asarray(done.last.slope)).max()
    assert 0 < apart < 0.5


def test_early_stop_keeps_the_best():
    valid = (jnp.asarray(X[:4]), jnp.zeros((4, 1)))  # training moves away from these targets
    done = train(valid=valid, every=1, patience=3, steps=100)
    assert Status(int(done.status)) is Status.stopped_early
    assert len(done.log["step"]) <= 12
    best = float(np.min(done.log["valid"]))
    score, _ = MeanSquaredError().loss(done.model, valid, average=done.model, key=jax.random.key(0))
    np.testing.assert_allclose(float(score), best)


def test_nonfinite_loss_changes_nothing_and_has_its_own_status():
    done = train(objective=Fragile(limit=-1.0), bad_limit=5)
    assert Status(int(done.status)) is Status.nonfinite_loss
    assert Status(int(done.status)).failed
    np.testing.assert_array_equal(np.asarray(done.model.slope), 0.0)
    assert int(done.log["skipped"]) >= 5


def test_an_accelerator_walks_the_same_steps_around_bad_ones(monkeypatch):
    settings = {"objective": Stumbling(), "average": 0.9}
    here = train(**settings)
    monkeypatch.setattr(
        jax, "default_backend", lambda: "gpu"
    )  # scans and selects, where a processor loops and branches
    there = train(**settings)
    assert 5 < int(here.log["skipped"]) < 20 and int(there.log["skipped"]) == int(here.log["skipped"])
    np.testing.assert_allclose(np.asarray(there.model.slope), np.asarray(here.model.slope), rtol=1e-5)
    np.testing.assert_allclose(np.asarray(there.last.slope), np.asarray(here.last.slope), rtol=1e-5)


def test_one_bad_member_does_not_stop_the_others():
    stacked = Line(jnp.zeros((2, 3, 1)), jnp.asarray([[0.0], [5.0]]))
    done = train(model=stacked, members=2, objective=Fragile(limit=4.0), steps=400, bad_limit=5)
    assert [Status(int(s)) for s in done.status] == [Status.successful, Status.nonfinite_loss]
    np.testing.assert_allclose(np.asarray(done.model.slope[0, :, 0]), [1.0, -2.0, 0.5], atol=2e-2)


def test_interrupted_fit_resumes_to_the_same_numbers(tmp_path):
    class Stop(Exception):
        pass

    def stop(stage, done, total, note):
        if done == 40:
            raise Stop

    valid = (jnp.asarray(X[:8]), jnp.asarray(Y[:8]))
    whole = train(steps=100, valid=valid, average=0.9)
    with pytest.raises(Stop):
        train(steps=100, valid=valid, average=0.9, monitor=Monitor(stop, tmp_path, 0.0))
    assert (tmp_path / "state.npz").is_file()
    resumed = train(steps=100, valid=valid, average=0.9, monitor=Monitor(None, tmp_path, 0.0))
    assert eqx.tree_equal(whole.model, resumed.model)
    np.testing.assert_array_equal(whole.log["valid"], resumed.log["valid"])


def test_foreign_and_damaged_checkpoints_are_refused(tmp_path):
    train(monitor=Monitor(None, tmp_path, 0.0))
    with pytest.raises(InputError, match="another model or data set"):
        train(key=jax.random.key(9), monitor=Monitor(None, tmp_path, 0.0))
    (tmp_path / "state.npz").write_bytes(b"half a file")
    with pytest.raises(InputError, match="damaged"):
        train(monitor=Monitor(None, tmp_path, 0.0))


@pytest.mark.parametrize(
    "other",
    [
        {"optimiser": optax.adam(0.2)},
        {"optimiser": optax.adam(optax.cosine_decay_schedule(0.1, 7))},
        {"average": 0.8},
        {"objective": Fragile(limit=5.0)},
        {"trainable": lambda leaf: leaf.ndim > 1},
        {"bad_limit": 3},
    ],
)
def test_a_checkpoint_of_another_setting_is_refused(other, tmp_path):
    """Each would otherwise be answered with the weights of the first fit."""
    known = {"objective": Fragile(limit=4.0), "steps": 1}
    train(**known, monitor=Monitor(None, tmp_path, 0.0))
    train(**known, monitor=Monitor(None, tmp_path, 0.0))
    with pytest.raises(InputError, match="other settings"):
        train(**{**known, **other}, monitor=Monitor(None, tmp_path, 0.0))


def test_streamed_batches_train_too():
    def draw(seed: int):
        x = np.random.default_rng(seed).normal(size=(8, 3))
        return x, x @ np.array([[1.0], [-2.0], [0.5]])

    done = fit(line(), MeanSquaredError(), Streamed(draw), optax.adam(0.1), 200, key=jax.random.key(0), every=50)
    np.testing.assert_allclose(np.asarray(done.model.slope[:, 0]), [1.0, -2.0, 0.5], atol=1e-2)


@pytest.mark.parametrize("steps, every", [(0, 10), (10, 0)])
def test_no_steps_are_refused(steps, every):
    with pytest.raises(InputError, match="at least one step"):
        train(steps=steps, every=every)


def test_unequal_sample_axes_are_refused():
    with pytest.raises(InputError, match="share one non-empty sample axis"):
        InMemory((jnp.zeros((3, 1)), jnp.zeros((4, 1))), 2)


SHARDED = """
import jax, numpy as np, jax.numpy as jnp, optax, equinox as eqx, sys
sys.path.insert(0, "tests/agreement")
jax.config.update("jax_enable_x64", True)
from test_fit import line, X, Y
from synoptax.learn import InMemory, MeanSquaredError, fit
data = InMemory((jnp.asarray(X), jnp.asarray(Y)), 8)
done = fit(line(), MeanSquaredError(), data, optax.adam(0.1), 60, key=jax.random.key(0), every=20)
print(len(jax.devices()), *np.asarray(done.model.slope[:, 0]).tolist())
"""


def test_four_devices_give_the_numbers_of_one(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=4")
    ran = subprocess.run([sys.executable, "-c", SHARDED], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    out = ran.stdout.split()
    assert out[0] == "4"
    np.testing.assert_allclose([float(v) for v in out[1:]], np.asarray(train().model.slope[:, 0]), rtol=1e-9)
