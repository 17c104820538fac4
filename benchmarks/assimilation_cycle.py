"""One analysis cycle of ensemble filters and smoothers, against DAPPER, on the same twins.

    python -m benchmarks.assimilation_cycle [--rounds 3] [--count 800]

DAPPER simulates a new truth with observations for each round; both sides assimilate them on one thread, in turn, with
the settings of DAPPER's own documentation and as many iterations, and are scored against the same truth. A cycle is the
forecast, the analysis and all that each side computes about it; "errors only" is DAPPER with its `error_only` switch,
without its other statistics, while ours are always computed. DAPPER's Var4D is called too: in release 1.7.1 it ends
with an exception.
"""

import argparse
import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from .peer import OURS, THEIRS, Peer, ratios, serve, summary

DOUBLE, SINGLE, DAPPER, LEAN = "synoptax", "synoptax, single precision", "DAPPER", "DAPPER, errors only"
BURN = 100  # cycles that are not scored
SETUPS = {"lorenz96_sakov2008": (0.05, 1), "lorenz63_sakov2012": (0.01, 25)}  # dt and steps between observations
TASKS = {
    "EnKF, 40 members": "lorenz96_sakov2008",
    "ETKF, 24 members": "lorenz96_sakov2008",
    "LETKF, 10 members": "lorenz96_sakov2008",
    "EnKF-N, 24 members": "lorenz96_sakov2008",
    "IEnKS, 20 members, lag 10": "lorenz96_sakov2008",
    "EnKF-N, 10 members": "lorenz63_sakov2012",
    "IEnKS, 10 members, lag 1": "lorenz63_sakov2012",
}


def _ours(task: str) -> Callable[[dict[str, np.ndarray]], tuple[np.ndarray, float]]:
    """From a twin to the analysis means; the first call compiles and tells how long."""
    import equinox as eqx
    import jax
    import jax.numpy as jnp

    from synoptax import assimilate as da
    from synoptax import problems
    from synoptax.observe import Diagonal
    from synoptax.records import Gaussian, Observations

    near = da.Localisation(da.GaspariCohn(), 6.0, da.Circle(40))
    method = {
        "EnKF, 40 members": da.EnKF(40, da.Multiplicative(1.06)),
        "ETKF, 24 members": da.ETKF(24, da.Multiplicative(1.013)),
        "LETKF, 10 members": da.LETKF(10, da.Multiplicative(1.04), near),
        "EnKF-N, 24 members": da.EnKFN(24, da.FiniteSize(2.0)),
        "IEnKS, 20 members, lag 10": da.IEnKS(20, lag=10, iterations=3, prior=da.FiniteSize(2.0)),
        "EnKF-N, 10 members": da.EnKFN(10, da.FiniteSize(1.0)),
        "IEnKS, 10 members, lag 1": da.IEnKS(10, lag=1, iterations=5),
    }[task]
    names = {"lorenz96_sakov2008": problems.Lorenz96Sakov2008, "lorenz63_sakov2012": problems.Lorenz63Sakov2012}
    problem = names[TASKS[task]]()
    dtype = jnp.result_type(float)
    ready: list[Any] = []

    @eqx.filter_jit
    def work(observations, prior, key):
        return da.cycle(
            method,
            problem.model_dynamics,
            operator=problem.operator,
            observations=observations,
            prior=prior,
            key=key,
        )

    def run(twin: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
        values = jnp.asarray(twin["values"], dtype)
        times = problem.interval * jnp.arange(1, len(values) + 1, dtype=dtype)
        observations = Observations(values, times, jnp.zeros((), dtype), problem.steps)
        mean = jnp.asarray(twin["mean"], dtype)
        prior = Gaussian(mean, Diagonal.of(mean.size, float(twin["variance"])))
        given = (observations, prior, jax.random.key(int(twin["seed"])))
        begin = time.process_time()
        if not ready:
            ready.append(work.lower(*given).compile())
        compiled = time.process_time() - begin
        return np.asarray(jax.block_until_ready(ready[0](*given)).analysis.mean), compiled

    return run


def _serve_ours() -> None:
    ready: dict[str, Callable] = {}

    def run(task: str, path: str) -> dict[str, Any]:
        twin = dict(np.load(path))
        compiled = 0.0
        if task not in ready:
            ready[task] = _ours(task)
            compiled = ready[task](twin)[1]
        wall, cpu = time.perf_counter(), time.process_time()
        means, _ = ready[task](twin)
        seconds = {"wall": [time.perf_counter() - wall], "cpu": [time.process_time() - cpu]}
        errors = np.sqrt(np.mean((means - twin["truth"]) ** 2, axis=1))
        return {**seconds, "rmse": float(errors[BURN:].mean()), "compile": compiled}

    serve({"run": run})


def _serve_dapper() -> None:
    with contextlib.redirect_stdout(sys.stderr):  # it greets
        import dapper as dpr
        import dapper.da_methods as da
        from dapper.mods.Lorenz63 import sakov2012
        from dapper.mods.Lorenz96 import sakov2008
        from dapper.tools import progressbar
        from dapper.tools.seeding import set_seed

    progressbar.disable_progbar = True
    models = {"lorenz96_sakov2008": sakov2008.HMM, "lorenz63_sakov2012": sakov2012.HMM}
    methods = {
        "EnKF, 40 members": lambda: da.EnKF("PertObs", N=40, infl=1.06),
        "ETKF, 24 members": lambda: da.EnKF("Sqrt", N=24, infl=1.013, rot=True),
        "LETKF, 10 members": lambda: da.LETKF(N=10, rot=True, infl=1.04, loc_rad=6),
        "EnKF-N, 24 members": lambda: da.EnKF_N(N=24, rot=True, xN=2.0),
        "IEnKS, 20 members, lag 10": lambda: da.iEnKS("Sqrt", N=20, Lag=10, nIter=3, xN=2.0),
        "EnKF-N, 10 members": lambda: da.EnKF_N(N=10, rot=True),
        "IEnKS, 10 members, lag 1": lambda: da.iEnKS("Sqrt", N=10, infl=1.02, rot=True, nIter=5),
    }
    twins: dict[str, tuple] = {}

    def simulate(setup: str, count: int, seed: int, path: str) -> dict[str, Any]:
        model = models[setup].copy()
        model.tseq.BurnIn, model.tseq.Ko = 0, count - 1
        model.tseq.BurnIn = (BURN + 0.5) * model.tseq.dto
        set_seed(3000 + seed)
        truth, values = model.simulate()
        twins[path] = (model, truth, values)
        mean, variance = np.asarray(model.X0.mu, float), float(np.asarray(model.X0.C.full)[0, 0])
        seen = truth[model.tseq.kko]
        np.savez(path, truth=seen, values=np.stack(list(values)).astype(float), mean=mean, variance=variance, seed=seed)
        return {"version": dpr.__version__}

    def run(task: str, path: str, lean: bool) -> dict[str, Any]:
        dpr.rc.comps["error_only"] = lean
        model, truth, values = twins[path]
        method = methods[task]()
        wall, cpu = time.perf_counter(), time.process_time()
        method.assimilate(model, truth, values, liveplots=False)
        seconds = {"wall": [time.perf_counter() - wall], "cpu": [time.process_time() - cpu]}
        method.stats.average_in_time()
        return {**seconds, "rmse": float(method.avrgs.err.rms.a.val), "compile": 0.0}

    def fourdvar(path: str) -> dict[str, Any]:
        dpr.rc.comps["error_only"] = False
        try:
            da.Var4D(Lag=1, xB=0.1).assimilate(*twins[path], liveplots=False)
        except Exception as error:  # whatever it is, it is the result
            return {"outcome": f"{type(error).__name__}: {error}"}
        return {"outcome": "runs"}

    serve({"simulate": simulate, "run": run, "fourdvar": fourdvar})


def measure(*, rounds: int, count: int) -> dict[str, Any]:
    """All tasks and rounds, sides in turn."""
    single = {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as opened:

        def side(python: Path, which: str, **environment: str) -> Peer:
            peer = Peer(python, "benchmarks.assimilation_cycle", "--serve", which, threads=1, environment=environment)
            return opened.enter_context(peer)

        dapper = side(THEIRS, "dapper", MPLBACKEND="Agg")
        sides: dict[str, tuple[Peer, dict[str, Any]]] = {
            DOUBLE: (side(OURS, "ours", JAX_ENABLE_X64="1", **single), {}),
            SINGLE: (side(OURS, "ours", JAX_ENABLE_X64="0", **single), {}),
            DAPPER: (dapper, {"lean": False}),
            LEAN: (dapper, {"lean": True}),
        }
        empty = {"wall": [], "cpu": [], "rmse": [], "compile": []}
        found: dict[str, dict[str, dict[str, list[float]]]] = {
            task: {name: {k: [] for k in empty} for name in sides} for task in TASKS
        }
        crashes, version = {}, ""
        for turn in range(rounds):
            for setup in SETUPS:
                path = str(Path(folder) / f"{setup}_{turn}.npz")
                version = dapper.ask("simulate", setup=setup, count=count, seed=turn, path=path)["version"]
                if turn == 0:
                    crashes[setup] = dapper.ask("fourdvar", path=path)["outcome"]
                names = list(sides)[turn % len(sides) :] + list(sides)[: turn % len(sides)]
                for task in (t for t, s in TASKS.items() if s == setup):
                    for name in names:
                        peer, facts = sides[name]
                        answer = peer.ask("run", task=task, path=path, **facts)
                        for key, values in found[task][name].items():
                            value = answer[key]
                            values.append(value[0] if isinstance(value, list) else value)
    return {"count": count, "version": version, "fourdvar": crashes, "found": found}


def report(result: dict[str, Any]) -> str:
    """The result as a table."""
    lines = [
        f"one thread, {result['count']} cycles a round, DAPPER {result['version']}; ms of processor time a cycle",
        f"{'':56}{'ms':>8}{'wall':>8}{'compile s':>11}{'RMSE':>8}{'x DAPPER':>10}{'x errors only':>15}",
    ]
    for task, sides in result["found"].items():
        for name, s in sides.items():
            each = {k: 1e3 * v / result["count"] for k, v in summary(s).items()}
            gains = ""
            if name in (DOUBLE, SINGLE):
                gain, lean = (1 / ratios(s, sides[other])["cpu"] for other in (DAPPER, LEAN))
                gains = f"{gain:10.1f}{lean:15.1f}"
            lines.append(
                f"{task + ': ' + name:56}{each['cpu_median']:8.3f}{each['wall_median']:8.3f}{max(s['compile']):11.1f}"
                f"{statistics.median(s['rmse']):8.3f}{gains}"
            )
    for setup, outcome in result["fourdvar"].items():
        lines.append(f"DAPPER's Var4D on {setup}: {outcome}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--count", type=int, default=800, help="cycles in a round")
    parser.add_argument("--serve", choices=["ours", "dapper"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        {"ours": _serve_ours, "dapper": _serve_dapper}[given.serve]()
    else:
        print(report(measure(rounds=given.rounds, count=given.count)))


if __name__ == "__main__":
    main()
