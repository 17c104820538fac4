"""The command line: help everywhere, one sentence and exit code 2 for what cannot be done, nothing half-written."""

import json
import re
import subprocess
import sys

import pytest
import typer.main

from synoptax._version import __version__
from synoptax.cli import app, main
from synoptax.commands.several import spread


def call(*arguments: object) -> int:
    return main([str(a) for a in arguments])


def refused(capsys, *arguments: object) -> str:
    """Runs a command that must be refused; returns the one sentence."""
    assert call(*arguments) == 2
    said = capsys.readouterr().err.strip().splitlines()
    said = [line for line in said if line.startswith("synoptax: ")]
    assert len(said) == 1, said
    assert "Traceback" not in said[0]
    return said[0].removeprefix("synoptax: ")


def _commands(command, path=()):
    inner = getattr(command, "commands", None)
    if inner is None:
        yield path
    else:
        for name, child in inner.items():
            yield from _commands(child, (*path, name))


COMMANDS = list(_commands(typer.main.get_command(app)))


def test_all_commands_are_there():
    assert {"list", "run", "report"} <= {c[0] for c in COMMANDS}
    assert {("downscale", "fit"), ("downscale", "apply"), ("downscale", "evaluate"), ("data", "describe")} <= set(
        COMMANDS
    )


@pytest.mark.parametrize("path", [(), ("downscale",), ("data",), *COMMANDS], ids=" ".join)
def test_help_has_an_example(path, capsys):
    assert call(*path, "--help") == 0
    text = capsys.readouterr().out
    assert f"Example: synoptax {' '.join(path)}".strip() in " ".join(text.split())


def test_version(capsys):
    assert call("--version") == 0
    assert capsys.readouterr().out == f"synoptax {__version__}\n"


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("systems", ("Lorenz96", "StepFunction")),
        ("operators", ("Sites", "Interpolated")),
        ("problems", ("TravellingWaves", "Lorenz96Sakov2008", "Lorenz63Vardax")),
        ("methods", ("Bilinear", "Ridge")),
        ("analyses", ("ETKF", "WeakFourDVar", "Kriging")),
        ("forecasts", ("LinearInverse",)),
        ("metrics", ("RMSE", "FairCRPS")),
        ("cards", ("tiny_waves", "quickstart")),
    ],
)
def test_list(kind, known, capsys):
    assert call("list", kind) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 1
    assert all(re.match(r"  \S+  +\S", line) for line in lines), lines
    assert set(known) <= {line.split()[0] for line in lines}


def test_list_everything_names_the_kinds(capsys):
    assert call("list") == 0
    assert {"systems:", "operators:", "problems:", "methods:", "analyses:", "forecasts:", "metrics:", "cards:"} <= set(
        capsys.readouterr().out.splitlines()
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("run", "tiny_wave"), "tiny_waves"),
        (("run", "nothing_like_it"), "no card"),
        (("bogus",), "No such command 'bogus'"),
        (("run",), "Missing argument"),
        (("run", "tiny_waves", "--seeds", "none"), "--seeds"),
        (("run", "tiny_waves", "--seeds", "0"), "--seeds"),
        (("--threads", "0", "list"), "--threads"),
        (("list", "animals"), "problems"),
        (("report", "no_such_folder"), "no finished experiment"),
        (("data", "describe", "no_such_file.nc"), "no file"),
        (("downscale", "fit"), "Missing option"),
    ],
)
def test_misuse_gets_one_sentence(arguments, words, capsys):
    assert words in refused(capsys, *arguments)


def test_a_group_alone_shows_its_help(capsys):
    assert call() == 2
    assert "Usage: synoptax" in capsys.readouterr().err


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "out"
    assert call("run", "tiny_waves", "--quick", "--out", folder) == 0
    return folder


def test_run_writes_results_figures_and_a_page(ran):
    rows = json.loads((ran / "results.json").read_text())["rows"]
    assert {r["method"] for r in rows} == {"nearest", "bilinear", "bicubic", "ridge"}
    ridge = next(r for r in rows if (r["method"], r["metric"], r["variable"]) == ("ridge", "RMSE", "height"))
    assert ridge["skill_vs_bilinear_low"] > 0 and ridge["parameters"] > 0 and ridge["card"] == "tiny_waves"
    assert sorted((ran / "figures").glob("*.png"))


def test_the_page_is_self_contained(ran):
    page = (ran / "report.html").read_text()
    assert not re.search(r'(src|href)\s*=\s*"(?!data:)', page), "the page refers to something outside itself"
    assert "<script" not in page and "@import" not in page and "url(" not in page
    assert page.count("data:image/png;base64,") == len(list((ran / "figures").glob("*.png")))
    for word in ("viewport", "skill vs bilinear", "interval", "parameters", "energy", __version__, "Notes and limits"):
        assert word in page
    for method in ("nearest", "bilinear", "bicubic", "ridge"):
        assert f"<td>{method}</td>" in page


def test_report_makes_the_same_page_again(ran, capsys):
    before = (ran / "report.html").read_text()
    (ran / "report.html").unlink()
    assert call("report", ran) == 0
    assert (ran / "report.html").read_text() == before
    assert "ridge" in capsys.readouterr().out


def test_run_again_uses_what_is_there(ran, capsys):
    before = json.loads((ran / "results.json").read_text())["rows"]
    assert call("run", "tiny_waves", "--quick", "--out", ran) == 0
    again = json.loads((ran / "results.json").read_text())["rows"]
    assert [r["run_seconds"] for r in again] == [r["run_seconds"] for r in before]  # nothing was run


def test_report_of_something_else_is_refused(tmp_path, capsys):
    from synoptax.core import save

    save({"a": 1}, tmp_path / "record")
    assert "not a report" in refused(capsys, "report", tmp_path)


def test_an_interrupt_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    from synoptax.experiment.cards import TinyWaves

    def interrupted(self, **_):
        raise KeyboardInterrupt

    monkeypatch.setattr(TinyWaves, "run", interrupted)
    assert "same command again" in refused(capsys, "run", "tiny_waves", "--out", tmp_path)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(28, "No space left on device", "out/results.json"), "disk is full"),
        (PermissionError(13, "Permission denied", "out"), "permission denied"),
        (MemoryError(), "Out of memory"),
        (RuntimeError("RESOURCE_EXHAUSTED: out of memory allocating 1 TB"), "Out of memory"),
    ],
)
def test_failing_machines_get_one_sentence(error, words, tmp_path, monkeypatch, capsys):
    from synoptax.experiment.cards import TinyWaves

    def failing(self, **_):
        raise error

    monkeypatch.setattr(TinyWaves, "run", failing)
    assert words in refused(capsys, "run", "tiny_waves", "--out", tmp_path)


def test_our_own_faults_are_not_hidden(tmp_path, monkeypatch):
    from synoptax.experiment.cards import TinyWaves

    def faulty(self, **_):
        raise ZeroDivisionError

    monkeypatch.setattr(TinyWaves, "run", faulty)
    with pytest.raises(ZeroDivisionError):
        call("run", "tiny_waves", "--out", tmp_path)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--coarse", "a", "b", "--out", "c"], ["--coarse", "a", "--coarse", "b", "--out", "c"]),
        (["--coarse=a", "b"], ["--coarse=a", "--coarse", "b"]),
        (["--fine", "f", "--coarse", "a", "--trim"], ["--fine", "f", "--coarse", "a", "--trim"]),
        (["--coarse", "a", "--coarse", "b", "c"], ["--coarse", "a", "--coarse", "b", "--coarse", "c"]),
    ],
)
def test_options_with_several_values(given, expected):
    assert spread(given) == expected


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from synoptax.cli import main; main(['--help']);"
        "print([m for m in ('jax', 'xarray', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip().endswith("[]"), "a --threads that comes after JAX has started is too late"


def test_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "synoptax", "no-such"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "no-such" in done.stderr


def test_threads_reach_the_libraries():
    code = (
        "import os, sys; from synoptax.cli import main; assert main(['list', 'metrics', '--threads', '1']) == 0;"
        "assert os.environ['OMP_NUM_THREADS'] == '1', 'OMP';"
        "assert '--xla_cpu_multi_thread_eigen=false' in os.environ['XLA_FLAGS'];"
        "import jax.numpy as jnp; assert float(jnp.ones((64, 64)).sum()) == 4096"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
