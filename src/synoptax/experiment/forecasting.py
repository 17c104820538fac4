"""A saved emulator sent off from the last fields of a file: a stretch of steps at a time, to a file of any length."""

import dataclasses
import os
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .._version import __version__
from ..core import InputError, Monitor, Status, fingerprint
from ..dynamics import rollout
from ..emulate import AbstractOfOneModel, Drawn, Emulator, Lagged, Perturbed, WhiteErrors, whole
from ..emulate.ensembles.base import Model, keys_of
from ..fields.cadence import Cadence, season
from ..fields.forecast_file import frame_of, outcomes
from ..fields.stream import FineStream
from ..fields.times import Times
from ..learn import AbstractDeterministic
from .beginning import Beginning, beginnings
from .emulated import Emulated, load_emulator
from .saved import digest, sweep

_VALUES = 8_000_000  # numbers of the output in one stretch, starts and members included: 32 MB
_MOST = 64  # steps in one stretch
_BATCH = 32  # runs stepped side by side
_PART = "part"  # of a state, with its number
_FAR = 100.0  # standard deviations beyond which a run has left its model


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be forecast.

    **Arguments:**
    - `steps`: how far.
    - `members`: runs from each start; None for one, of the best field.
    - `perturb`: size of the noise on the initial fields, as a share of the standard deviation of the training fields.
    - `begin`: the initial time; the last one of the file by default.
    - `starts`: a period, all of whose times are initial times instead.
    - `every`: of these, every so many.
    - `seed`: of noise and draws.
    - `lagged`: so many members instead, from each start and the times one, two, ... steps before.
    """

    steps: int
    members: int | None = None
    perturb: float | None = None
    begin: str | None = None
    starts: str | None = None
    every: int = 1
    seed: int = 0
    lagged: int | None = None

    @property
    def size(self) -> int | None:
        """Members of each start; None for one run of the best field."""
        return self.lagged or self.members


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What `forecast_files` did.

    **Arguments:**
    - `path`: the file written.
    - `starts`: the initial times.
    - `resumed`: how many steps an earlier, interrupted call had already done.
    - `notes`: sentences about the input, the members, and runs that ended early.
    """

    path: Path
    starts: Times
    resumed: int
    notes: tuple[str, ...]


def forecast_files(
    folder: str | Path,
    initial: str | Path,
    out: str | Path,
    plan: Plan,
    *,
    mapping: str | None = None,
    command: str = "",
    monitor: Monitor = Monitor(),
) -> Forecast:
    """Runs the emulator from fields of a file and writes where it went; continues where a killed call stopped.

    Memory does not grow with the number of steps. The same arguments give the same numbers, interrupted or not. A run
    that leaves the finite numbers, or goes further than a hundred standard deviations from the mean, ends with a
    status; its fields are missing from then on, and the others go on.

    **Arguments:**
    - `folder`: what `emulate fit` wrote.
    - `initial`: the file with the initial fields, on the emulator's grid.
    - `out`: netCDF, or Zarr when the name ends in `.zarr`.
    - `mapping`: what the file does not say itself, see `--map`.
    - `command`: kept in the history of the output.

    **Raises:** `InputError` for a file that does not fit the emulator, and when the disk is full.
    """
    if Path(out).resolve() == Path(initial).resolve():
        raise InputError(f"--out '{out}' is the file with the initial fields, which must stay; choose another --out.")
    saved, note = load_emulator(folder)
    model = whole(saved.emulator)
    kinds, ensemble = _kinds(saved, plan), _ensemble(saved, model, plan)
    begun = beginnings(
        saved,
        initial,
        fields=ensemble.needs,
        begin=plan.begin,
        starts=plan.starts,
        every=plan.every,
        mapping=mapping,
        fitted=note["seen"][0][0] if "seen" in note else None,
    )
    runs = _Runs(saved.emulator, model, ensemble, saved.step, begun, plan)
    layout, target = saved.preparation.layout, Path(os.path.normpath(out))
    size = int(np.prod(layout.place.shape)) * len(layout.channels) * len(begun.times) * ensemble.size
    notes = (*begun.notes, kinds)
    frame = frame_of(layout, begun.times, steps=plan.steps, step=saved.step, members=plan.size, notes=begun.notes)
    stream = FineStream(
        path=target,
        layout=layout,
        times=saved.step.ahead(_same(begun.times, plan.steps), 1),
        members=plan.size,
        size=max(1, min(_MOST, plan.steps, _VALUES // size)),
        identity=fingerprint([digest(folder), digest(initial), dataclasses.asdict(plan), mapping, __version__]),
        attrs=_provenance(saved, folder, initial, plan, kinds),
        frame=frame,
    )
    sweep(target, keep=(stream.folder,))
    resumed, status, done = runs.write(stream, monitor)
    stream.finish(
        provenance=command or f"{saved.method} from {Path(initial).name}", beside=outcomes(status, done, frame)
    )
    return Forecast(target, begun.times, resumed, (*notes, *_endings(status, done, begun.times, plan)))


def _same(times: Times, count: int) -> Times:
    """The first time, so many times over: the stream only counts them."""
    return Times(np.repeat(times.seconds[:1], count), times.calendar)


def _kinds(saved: Emulated, plan: Plan) -> str:
    """What the members are, in a sentence.

    **Raises:** `InputError` for numbers that make no forecast.
    """
    if plan.steps < 1 or plan.every < 1 or (plan.members is not None and plan.members < 1):
        raise InputError("A forecast needs one step, one member, and --every 1 or more.")
    if plan.every > 1 and plan.starts is None:
        raise InputError(f"--every {plan.every} picks among the times of --starts; give --starts START/END as well.")
    if plan.perturb is not None and not 0 < plan.perturb < np.inf:
        raise InputError(f"--perturb {plan.perturb:g} must be positive, such as 0.05; leave it out for none.")
    if plan.lagged is not None:
        if plan.lagged < 2:
            raise InputError(f"--lagged {plan.lagged} must be 2 or more: members from so many initial times.")
        if plan.members is not None or plan.perturb is not None:
            raise InputError(
                f"--lagged {plan.lagged} makes {plan.lagged} members, each from an initial time of its own and without "
                "noise; leave out --members and --perturb, or --lagged."
            )
        back = f"initial times 0 to {plan.lagged - 1} steps of {saved.step.text} earlier, shown at the same times"
        return f"members are runs from {back}, with {_how(saved.emulator)}"
    if plan.members is None:
        if plan.perturb is not None:
            raise InputError("--perturb is for members; give --members as well.")
        return "one run of the best field of each step"
    if _certain(saved.emulator) and plan.perturb is None and plan.members > 1:
        raise InputError(
            f"{saved.method} has no predictive distribution, so {plan.members} members would be alike; give --perturb "
            "0.05 for noise on the initial fields, --lagged 4 for earlier initial times, or leave out --members."
        )
    noise = (
        f"initial fields with white noise of {plan.perturb:g} standard deviations of the training fields, the same at "
        "all times of the past"
        if plan.perturb
        else "the same initial fields"
    )
    return f"members are runs from {noise}, with {_how(saved.emulator)}"


def _certain(emulator: Emulator) -> bool:
    return isinstance(emulator.forecast, AbstractDeterministic)


def _how(emulator: Emulator) -> str:
    """How members take a step."""
    best = "the best field of each step"
    return best if _certain(emulator) else "one draw of the predictive distribution at each step"


def _ensemble(saved: Emulated, model: Model, plan: Plan) -> AbstractOfOneModel:
    """The members of one start."""
    if plan.lagged is not None:
        return Lagged(model, plan.lagged)
    size = plan.members or 1
    if plan.perturb is not None:
        return Perturbed(model, size, WhiteErrors(plan.perturb))
    if plan.members is None or _certain(saved.emulator):
        return Lagged(model, 1)  # a single run
    return Drawn(model, size)


@dataclasses.dataclass(frozen=True, eq=False)
class _Runs:
    """All runs: starts times members."""

    emulator: Emulator
    model: Model
    ensemble: AbstractOfOneModel
    step: Cadence
    begun: Beginning
    plan: Plan

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.begun.times), self.ensemble.size

    def write(self, stream: FineStream, monitor: Monitor) -> tuple[int, np.ndarray, np.ndarray]:
        """Steps and writes what is missing; returns the steps that were there before, statuses and steps done."""
        pending = stream.pending()
        first = pending[0][0] if pending else self.plan.steps
        state = stream.kept(_name(first)) if first else self._begin()
        if state is None:  # the state was lost: begin again
            first, state = 0, self._begin()
        monitor(first, self.plan.steps, "resumed" if first else "")
        keys = jax.vmap(lambda key: keys_of(key, self.ensemble.size))(self.keys).reshape(-1)
        for start in range(first, self.plan.steps, stream.size):
            stop = min(start + stream.size, self.plan.steps)
            fields, state = self._advance(state, keys, start, stop, stream.size)
            stream.keep(_name(stop), state)  # before the stretch: what a killed run continues from
            stream.write(start, stop, fields)
            stream.drop(_name(start))
            monitor(stop, self.plan.steps, "")
        return first, state["status"].reshape(self.shape), state["done"].reshape(self.shape)

    @property
    def keys(self) -> PRNGKeyArray:
        """One key a start, whatever else is forecast; that of a member is made of it."""
        root = jax.random.key(self.plan.seed)
        starts = jnp.asarray((self.begun.times.seconds // 60) % 2**31, jnp.uint32)
        return jax.vmap(lambda start: jax.random.fold_in(root, start))(starts)

    @property
    def _past(self) -> np.ndarray:
        """One past as the model begins with it."""
        return self.begun.fields[0][-self.model.history :]

    def _begin(self) -> dict[str, np.ndarray]:
        keys, start = None if self.plan.size is None else self.keys, jnp.asarray(season(self.begun.times))
        begun = _first(self.ensemble, jnp.asarray(self.begun.fields), start, keys)
        begun = jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), begun)
        count = int(np.prod(self.shape))
        status = np.full(count, int(Status.successful))
        return {**_parts(begun), "status": status, "done": np.full(count, self.plan.steps)}

    def _advance(
        self, state: dict[str, np.ndarray], keys: PRNGKeyArray, start: int, stop: int, size: int
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Fields (start, member, step, channel, *place) of one stretch, and the state after it; compiled once."""
        now = season(self.step.ahead(self.begun.times, start))
        fixed = _certain(self.emulator) or self.plan.size is None
        drawn = None if fixed else jax.vmap(lambda k: jax.random.fold_in(k, start))(keys)
        begun = jnp.asarray(np.repeat(now, self.shape[1]))
        moving, still = _split([state[name] for name in sorted(state) if name.startswith(_PART)])
        structure = jax.tree.structure(eqx.filter_eval_shape(self.model.begin, jnp.asarray(self._past)))
        found, last = _stretch(self.model, structure, moving, still, begun, drawn, size)
        fields = np.asarray(found)[:, : stop - start].astype(np.float32)
        fields, status, done = self._judged(fields, state, start)
        state = {**_parts(last), "status": status, "done": done}
        starts, members = self.shape
        ahead = [starts] * self.begun.several + [members] * (self.plan.size is not None)
        return fields.reshape(*ahead, *fields.shape[1:]), state

    def _judged(
        self, fields: np.ndarray, state: dict[str, np.ndarray], start: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Missing from the first step on at which a run has left its model; how it ended, and after how many steps."""
        there = np.asarray(self.emulator.there)
        spread = np.where(there, np.asarray(self.emulator.spread), 0.0).reshape(len(there), -1)
        size = np.sqrt((spread**2).sum(1) / there.reshape(len(there), -1).sum(1)).reshape(-1, 1, 1)
        with np.errstate(over="ignore", invalid="ignore"):
            off = np.abs(fields - np.asarray(self.emulator.mean)) / np.where(size > 0, size, np.inf)
        wild = (there & ~(off <= _FAR)).any(axis=(2, 3, 4))
        broken = (there & ~np.isfinite(fields)).any(axis=(2, 3, 4))
        status, done = state["status"].copy(), state["done"].copy()
        ended = status != int(Status.successful)
        fresh = wild.any(axis=1) & ~ended
        at = wild.argmax(axis=1)
        kind = np.where(broken[np.arange(len(at)), at], int(Status.nonfinite_state), int(Status.runaway_state))
        status[fresh], done[fresh] = kind[fresh], start + at[fresh]
        over = ended[:, None] | np.logical_or.accumulate(wild, axis=1)
        return np.where(over[:, :, None, None, None], np.float32(np.nan), fields), status, done


@eqx.filter_jit
def _first(
    ensemble: AbstractOfOneModel,
    past: Float[Array, "start time channel *place"],
    start: Float[Array, " start"],
    keys: PRNGKeyArray | None,
) -> PyTree:
    """The state of each member at its start."""

    def one(given: tuple[Array, Array, PRNGKeyArray | None]) -> PyTree:
        fields, when, key = given
        return ensemble.begin(fields, start=when, key=key)

    return jax.lax.map(one, (past, start, keys), batch_size=max(1, min(_BATCH // ensemble.size, len(past))))


@eqx.filter_jit
def _stretch(
    model: Model,
    structure: jax.tree_util.PyTreeDef,
    moving: list[Array | None],
    still: list[Array | None],
    start: Float[Array, " run"],
    keys: PRNGKeyArray | None,
    steps: int,
) -> tuple[Float[Array, "run step channel *place"], PyTree]:
    """Fields of every run, and the states that they end in."""

    def one(given: tuple[list[Array | None], Array, PRNGKeyArray | None]) -> tuple[Array, PyTree]:
        parts, when, key = given
        state = jax.tree.unflatten(structure, [a if b is None else b for a, b in zip(parts, still, strict=True)])
        run = rollout(model, state, steps=steps, start=when, key=key)
        return run.fields, run.last

    return jax.lax.map(one, (moving, start, keys), batch_size=min(_BATCH, len(start)))


def _parts(states: PyTree) -> dict[str, np.ndarray]:
    """States of all runs as named arrays."""
    return {f"{_PART}{i:02d}": np.asarray(x) for i, x in enumerate(jax.tree.leaves(states))}


def _split(parts: list[np.ndarray]) -> tuple[list[Array | None], list[Array | None]]:
    """What differs from run to run, and counters that do not: then all runs make their plans at the same steps."""
    same = [np.issubdtype(x.dtype, np.integer) and bool((x == x[:1]).all()) for x in parts]
    moving = [None if s else jnp.asarray(x) for x, s in zip(parts, same, strict=True)]
    return moving, [jnp.asarray(x[0]) if s else None for x, s in zip(parts, same, strict=True)]


def _name(step: int) -> str:
    return f"state-{step:09d}.npz"


def _endings(status: np.ndarray, done: np.ndarray, starts: Times, plan: Plan) -> list[str]:
    """A sentence about every run that ended early; of many, the first ten."""
    bad = np.argwhere(status != int(Status.successful))
    why = {int(s): s.sentence.rstrip(".") for s in Status}
    said = [
        f"the run from {starts.text(int(s))}{'' if plan.size is None else f', member {m},'} ended after "
        f"{done[s, m]} of {plan.steps} steps: {why[int(status[s, m])]}"
        for s, m in bad[:10]
    ]
    return [*said, f"{len(bad)} of {status.size} runs ended early"] if len(bad) else []


def _provenance(saved: Emulated, folder: Any, initial: Any, plan: Plan, kinds: str) -> dict[str, str]:
    """Global attributes that say what made the file."""
    return {
        "synoptax_version": __version__,
        "synoptax_method": saved.method,
        "synoptax_model": f"{Path(folder).name} {digest(folder)}",
        "synoptax_input": f"{Path(initial).name} {digest(initial)}",
        "synoptax_members": kinds,
        "synoptax_seed": str(plan.seed),
    }
