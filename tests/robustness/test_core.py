"""Saving, atomic writing and the catalogue: what goes wrong is said in a sentence, and nothing is half-written."""

import errno
import json
import os
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import synoptax as sx
from synoptax import downscale
from synoptax.core import InputError, Status, atomic, entries, explain, fingerprint, load, lookup, save, told
from synoptax.learn import Training


class Thing(eqx.Module):
    """Not part of the library."""

    value: float


def test_values_come_back_with_their_types(tmp_path):
    value = {
        "host": np.arange(3.0),
        "device": jnp.arange(4),
        "nested": (1, [2.5, None, "x"], True),
        "function": jax.nn.gelu,
        "key": jax.random.key(3),
    }
    save(value, tmp_path / "m", note={"why": "test"})
    again, note = load(tmp_path / "m")
    assert note == {"why": "test"}
    assert isinstance(again["host"], np.ndarray) and isinstance(again["device"], jax.Array)
    assert again["nested"] == value["nested"]
    assert again["function"] is jax.nn.gelu
    np.testing.assert_array_equal(jax.random.key_data(again["key"]), jax.random.key_data(value["key"]))
    assert fingerprint(again) == fingerprint(value)


def test_fingerprint_follows_contents():
    a, b = np.arange(3.0), np.arange(3.0)
    assert fingerprint(a) == fingerprint(b)
    assert fingerprint(a) != fingerprint(b + 1e-9)
    assert fingerprint(downscale.Ridge()) != fingerprint(downscale.Ridge(refit=False))


def test_classes_from_elsewhere_are_not_loaded(tmp_path):
    save({"a": 1}, tmp_path / "m")
    head = json.loads((tmp_path / "m" / "model.json").read_text())
    head["tree"] = {"class": "subprocess:Popen", "fields": {}}
    (tmp_path / "m" / "model.json").write_text(json.dumps(head))
    with pytest.raises(InputError, match="not part of this library"):
        load(tmp_path / "m")


def test_missing_truncated_and_foreign_models_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"no model\.json"):
        load(tmp_path / "nothing")
    save(np.arange(1000.0), tmp_path / "m")
    archive = tmp_path / "m" / "arrays.npz"
    archive.write_bytes(archive.read_bytes()[:200])
    with pytest.raises(InputError, match="damaged"):
        load(tmp_path / "m")
    head = json.loads((tmp_path / "m" / "model.json").read_text())
    (tmp_path / "m" / "model.json").write_text(json.dumps({**head, "format": 99, "synoptax": "9.0"}))
    with pytest.raises(InputError, match=r"format 99 by synoptax 9\.0"):
        load(tmp_path / "m")


def test_unsavable_values_are_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be saved"):
        save(object(), tmp_path / "m")
    assert not list(tmp_path.iterdir())


def test_an_interrupted_write_leaves_the_old_file_and_no_litter(tmp_path):
    target = tmp_path / "result.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(target) as draft:
        draft.write_text("half")
        raise KeyboardInterrupt
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["result.txt"]


def test_a_folder_is_replaced_whole(tmp_path):
    save([1], tmp_path / "m")
    save([2], tmp_path / "m")
    assert load(tmp_path / "m")[0] == [2]
    assert [p.name for p in tmp_path.iterdir()] == ["m"]


def test_a_file_takes_no_folders_place_nor_a_folder_that_of_a_file(tmp_path):
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "thesis").write_text("years")
    with (
        pytest.raises(InputError, match="is a folder, which a file does not replace"),
        atomic(tmp_path / "work") as draft,
    ):
        draft.write_text("an hour")
    assert (tmp_path / "work" / "thesis").read_text() == "years"
    with pytest.raises(InputError, match="is a file, which a folder does not replace"):
        save([1], tmp_path / "work" / "thesis")
    assert [p.name for p in tmp_path.rglob("*")] == ["work", "thesis"]


def test_a_full_disk_is_a_sentence(tmp_path):
    with pytest.raises(InputError, match="The disk is full"), atomic(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "permission denied" in str(explain(OSError(errno.EACCES, "x"), "y"))
    assert not list(tmp_path.iterdir())


def test_the_catalogue_is_the_exports():
    known = entries(downscale, downscale.AbstractMethod)
    assert "Ridge" in known and "AbstractMethod" not in known
    assert lookup("residual-unet", downscale, downscale.AbstractMethod) is downscale.ResidualUNet
    with pytest.raises(InputError, match="try Ridge"):
        lookup("rigde", downscale, downscale.AbstractMethod)


def test_every_status_explains_itself():
    assert len({s.sentence for s in Status}) == len(Status)
    assert all(s.sentence.endswith(".") for s in Status)
    assert Status(2).failed and not Status(1).failed


def test_unknown_rooms_are_named():
    with pytest.raises(AttributeError, match="no room called 'kitchen'"):
        sx.kitchen  # noqa: B018


RATE = 0.5


def _helper(x):
    return RATE * x


def test_a_function_of_ones_own_counts_by_what_it_does(monkeypatch):
    def made(shift: float, power: int):
        if power == 1:
            return lambda x: _helper(x) + shift
        return lambda x: _helper(x) + shift * x

    known = fingerprint(made(1.0, 1))
    assert fingerprint(made(1.0, 1)) == known
    assert len({known, fingerprint(made(2.0, 1)), fingerprint(made(1.0, 2))}) == 3, "what it encloses and says"
    monkeypatch.setitem(globals(), "RATE", 0.6)
    assert fingerprint(made(1.0, 1)) != known, "a number that a function it calls finds by name"


def test_what_a_function_counts_is_not_what_it_does():
    seen: list[int] = []

    def step(x):
        seen.append(1)
        return x

    known = fingerprint(step)
    step(0)
    assert fingerprint(step) == known


def test_a_class_of_ones_own_counts_by_what_its_methods_do():
    def made(sign: float):
        class Model(eqx.Module):
            rate: float

            def __call__(self, x):
                return sign * self.rate * x

        return Model(2.0)

    assert fingerprint(made(1.0)) == fingerprint(made(1.0)) != fingerprint(made(-1.0))


def test_a_class_of_ones_own_counts_by_ancestors_properties_and_compiled_methods():
    def made(inherited: float, told: float, shared: float, compiled: float):
        class Base(eqx.Module):
            rate: float

            def step(self, x):
                return inherited * x

        class Model(Base):
            @property
            def size(self):
                return told

            @classmethod
            def start(cls):
                return shared

            @eqx.filter_jit
            def fast(self, x):
                return compiled * x

        return Model(2.0)

    known = fingerprint(made(1.0, 1.0, 1.0, 1.0))
    assert fingerprint(made(1.0, 1.0, 1.0, 1.0)) == known
    others = {fingerprint(made(*np.where(np.arange(4) == k, -1.0, 1.0).tolist())) for k in range(4)}
    assert len(others | {known}) == 5


def test_an_optimiser_is_told_alike_before_and_after_it_was_used():
    weights, steps = jnp.ones(3), 157  # steps that no other test asks for: the optimiser is kept
    optimiser = Training(steps=steps).optimiser()
    known = fingerprint(told(optimiser))
    optimiser.update(weights, optimiser.init(weights), weights)
    assert fingerprint(told(optimiser)) == known
    assert fingerprint(told(Training(steps=steps + 1).optimiser())) != known


def test_what_a_function_does_is_the_same_in_another_process():
    code = (
        "import optax; from synoptax.core import fingerprint, told\n"
        "def f(x): return x in {'a', 'b', 'c', 'd', 'e'}\n"
        "print(fingerprint(told([f, optax.adamw(optax.cosine_decay_schedule(0.1, 7))])))"
    )
    seen = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        seen.add(done.stdout)
    assert len(seen) == 1
