"""The one training loop. Everything that learns by gradients learns here."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import Array, PRNGKeyArray, PyTree

from ..core import InputError, Monitor, Status, fingerprint, timed, told
from ..core.flags import compile_options
from . import checkpoint
from .batches import AbstractBatches
from .objectives import AbstractObjective

Log = dict[str, np.ndarray]
_jit: Any = eqx.filter_jit  # its stub does not say that it hands options on to `jax.jit`


@dataclasses.dataclass(frozen=True)
class Fitted:
    """What a fit returns.

    **Arguments:**
    - `model`: the weights with the best validation score, or the last ones without validation data; the moving
      average's weights when `fit` kept an average.
    - `last`: the weights of the last step, neither selected nor averaged.
    - `log`: arrays by name, one entry an evaluation: `step`, `loss`, `valid`, and each term of the objective (mean
      over the steps since the entry before), plus scalars `compile_seconds`, `run_seconds`, `skipped`.
      With members, `loss`, `valid` and terms have a trailing member axis.
    - `status`: a `Status` code, one per member when there are members.
    """

    model: PyTree
    last: PyTree
    log: Log
    status: np.ndarray


class _State(eqx.Module):
    """Everything that changes during a fit: one pytree, so that a checkpoint cannot forget a part."""

    model: PyTree
    optimiser: PyTree
    average: PyTree | None
    best: PyTree
    best_score: Array
    stale: Array  # evaluations since the best one
    bad: Array  # consecutive steps with a non-finite loss or gradient
    skipped: Array
    status: Array


class _Loop(eqx.Module):
    """The fixed part of a fit. Its arrays (the data) are arguments of the compiled chunk, never constants in it."""

    objective: AbstractObjective
    batches: AbstractBatches
    optimiser: optax.GradientTransformation
    average: Callable[[Array], Array] | None
    trainable: PyTree
    patience: int | None
    bad_limit: int
    members: int | None
    sharding: NamedSharding | None

    def start(self, model: PyTree) -> _State:
        model = _copy(model)  # the state is donated to the compiled chunk: the caller's arrays must survive that
        weights, _ = eqx.partition(model, self.trainable)
        zero = jnp.zeros((), jnp.int32)
        return _State(
            model=model,
            optimiser=self.optimiser.init(eqx.filter(weights, eqx.is_inexact_array)),
            average=None if self.average is None else _copy(model),
            best=_copy(model),
            best_score=jnp.asarray(jnp.inf, jnp.result_type(float)),  # weakly typed it would compile twice
            stale=zero,
            bad=jnp.zeros((), jnp.int32),
            skipped=jnp.zeros((), jnp.int32),
            status=jnp.asarray(int(Status.successful), jnp.int32),
        )

    def step(self, state: _State, batch: PyTree, index: Array, key: PRNGKeyArray) -> tuple[_State, dict[str, Array]]:
        weights, fixed = eqx.partition(state.model, self.trainable)

        def loss(w):
            model = eqx.combine(w, fixed)
            average = jax.tree.map(
                lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x,
                model if state.average is None else state.average,
            )
            return self.objective.loss(model, batch, average=average, key=key)

        (value, terms), gradient = eqx.filter_value_and_grad(loss, has_aux=True)(weights)
        finite = jnp.isfinite(value) & jnp.all(
            jnp.stack([jnp.all(jnp.isfinite(g)) for g in jax.tree.leaves(gradient)] or [jnp.asarray(True)])
        )
        running = state.status == int(Status.successful)
        held = (state.model, state.optimiser, state.average)
        model, optimiser, average = _when(finite & running, functools.partial(self.update, index=index), held, gradient)
        bad = jnp.where(finite, 0, state.bad + 1)
        status = jnp.where(running & (bad >= self.bad_limit), int(Status.nonfinite_loss), state.status)
        new = dataclasses.replace(
            state,
            model=model,
            optimiser=optimiser,
            average=average,
            bad=bad,
            skipped=state.skipped + jnp.where(finite, 0, 1),
            status=status.astype(jnp.int32),
        )
        return new, {"loss": value, **terms}

    def update(self, held: PyTree, gradient: PyTree, *, index: Array) -> PyTree:
        """Weights, what the optimiser keeps and the average, after a step along the gradient."""
        model, optimiser, average = held
        weights, fixed = eqx.partition(model, self.trainable)
        params = eqx.filter(weights, eqx.is_inexact_array)
        updates, optimiser = self.optimiser.update(gradient, optimiser, params)
        model = eqx.combine(eqx.apply_updates(weights, updates), fixed)
        if self.average is not None:
            rate = self.average(index)
            average = jax.tree.map(
                lambda a, m: rate * a + (1 - rate) * m if eqx.is_inexact_array(a) else a, average, model
            )
        return model, optimiser, average

    def evaluate(self, state: _State, valid: PyTree, key: PRNGKeyArray) -> tuple[_State, Array]:
        candidate = state.model if state.average is None else state.average
        inference = eqx.nn.inference_mode(candidate)
        score, _ = self.objective.loss(inference, valid, average=inference, key=key)
        running = state.status == int(Status.successful)
        better = running & (score < state.best_score)
        stale = jnp.where(better, 0, state.stale + 1)
        status = state.status
        if self.patience is not None:
            status = jnp.where(running & (stale >= self.patience), int(Status.stopped_early), status)
        new = dataclasses.replace(
            state,
            best=_choose(better, candidate, state.best),
            best_score=jnp.where(better, score, state.best_score),
            stale=stale,
            status=status.astype(jnp.int32),
        )
        return new, score


@_jit(donate="all-except-first", compiler_options=compile_options())
def _chunk(fixed: tuple[_Loop, PyTree, Array, PRNGKeyArray], state: _State) -> tuple[_State, dict[str, Array]]:
    """Many steps in one compiled scan; returns the state and the mean of each term."""
    loop, prepared, first, keys = fixed
    arrays, rest = eqx.partition(state, eqx.is_array)

    def body(carry, inputs):
        index, drawn = inputs
        batch = loop.batches.get(drawn)
        if loop.sharding is not None:
            batch = jax.tree.map(lambda x: jax.lax.with_sharding_constraint(x, loop.sharding), batch)
        now = eqx.combine(carry, rest)
        if loop.members is None:
            now, terms = loop.step(now, batch, index, jax.random.fold_in(keys, index))
        else:
            folded = jax.vmap(lambda k: jax.random.fold_in(k, index))(keys)
            axes = (eqx.if_array(0), None, None, 0)
            now, terms = eqx.filter_vmap(loop.step, in_axes=axes)(now, batch, index, folded)
        return eqx.filter(now, eqx.is_array), terms

    count = jax.tree.leaves(prepared)[0].shape[0]
    if count == 1:  # no loop at all: see `_steps`
        arrays, terms = body(arrays, (first, jax.tree.map(lambda x: x[0], prepared)))
        return eqx.combine(arrays, rest), terms
    arrays, terms = jax.lax.scan(body, arrays, (first + jnp.arange(count), prepared))
    return eqx.combine(arrays, rest), jax.tree.map(lambda t: jnp.mean(t, axis=0), terms)


@_jit(compiler_options=compile_options())
def _evaluate(loop: _Loop, state: _State, valid: PyTree) -> tuple[_State, Array]:
    key = jax.random.key(0)  # the same masks and noise at every evaluation
    if loop.members is None:
        return loop.evaluate(state, valid, key)
    return eqx.filter_vmap(loop.evaluate, in_axes=(eqx.if_array(0), None, None))(state, valid, key)


def fit(
    model: PyTree,
    objective: AbstractObjective,
    batches: AbstractBatches,
    optimiser: optax.GradientTransformation,
    steps: int,
    *,
    key: PRNGKeyArray,
    valid: PyTree | None = None,
    every: int = 50,
    patience: int | None = None,
    average: float | Callable[[Array], Array] | None = None,
    trainable: PyTree = eqx.is_inexact_array,
    members: int | None = None,
    bad_limit: int = 20,
    monitor: Monitor = Monitor(),
) -> Fitted:
    """Minimises `objective` over the weights of `model`.

    A step whose loss or gradient is not finite changes nothing and is counted; `bad_limit` of them in a row end the
    fit with `Status.nonfinite_loss`. With a folder in `monitor` the whole state is checkpointed atomically, and a
    second call with the same arguments continues from it to the same numbers; one with others is refused. On several
    devices the batch axis is sharded over all of them and the weights are replicated.

    Cost: one compilation of `every` scanned steps, one more for a shorter last chunk. Memory: weights x (3 + 1 for the
    average + 1 for the best).

    **Arguments:**
    - `model`: an Equinox module; with `members`, stacked modules (every array leads with the member axis).
    - `objective`: see `AbstractObjective`.
    - `batches`: `InMemory(data, size)` or `Streamed(draw)`; members share each batch.
    - `optimiser`: any optax transformation, schedules and clipping included.
    - `steps`: number of updates.
    - `key`: the same key gives the same numbers on the same machine; with `members` it is split among them.
    - `valid`: one batch for model selection, evaluated every `every` steps with dropout off; None keeps the last.
    - `patience`: evaluations without improvement before the fit stops; None never stops early.
    - `average`: decay of the exponential moving average of the weights, or a function of the step; None keeps none.
    - `trainable`: filter (function of a leaf, or pytree of booleans) of the weights that may change.
    - `members`: number of stacked models trained side by side by `vmap`.

    **Raises:** `InputError` on no steps, on a foreign or damaged checkpoint.
    """
    if steps < 1 or every < 1:
        raise InputError(f"A fit needs at least one step and one step between evaluations; given {steps} and {every}.")
    rate = average if callable(average) or average is None else _constant(average)
    whole = callable(trainable) and not isinstance(trainable, eqx.Module)  # a module of booleans may be callable too
    spec = jax.tree.map(trainable, model) if whole else trainable
    spec = jax.tree.map(lambda t, x: bool(t) and eqx.is_inexact_array(x), spec, model)
    devices = jax.devices()
    sharding = None
    if len(devices) > 1:
        mesh = jax.make_mesh((len(devices),), ("batch",), axis_types=(jax.sharding.AxisType.Auto,))
        sharding = NamedSharding(mesh, PartitionSpec("batch"))
    loop = _Loop(objective, batches, optimiser, rate, spec, patience, bad_limit, members, sharding)
    keys = key if members is None else jax.random.split(key, members)
    start = loop.start if members is None else eqx.filter_vmap(loop.start)
    state = start(model)
    return _drive(loop, state, valid, keys, key, steps, every, monitor)


@dataclasses.dataclass
class _Progress:
    """What the host knows of a running fit; part of each checkpoint."""

    done: int = 0
    rows: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    compile_seconds: float = 0.0
    run_seconds: float = 0.0

    def add(self, entry: dict[str, Any]) -> None:
        for name, value in entry.items():
            self.rows.setdefault(name, []).append(np.asarray(value).tolist())


def _drive(loop: _Loop, state: _State, valid, keys, key, steps: int, every: int, monitor: Monitor) -> Fitted:
    """The host side: chunks, evaluation, log, checkpoint."""
    progress = _Progress()
    identity = "" if monitor.folder is None else _identity(loop, state, valid, key, steps, every)
    if monitor.folder is not None:
        found = checkpoint.read(monitor.folder, state, identity)
        if found is not None:
            state, note = found
            progress = _Progress(**{f.name: note[f.name] for f in dataclasses.fields(_Progress)})
    seeds = _seeds(key, steps)
    written = time.monotonic()
    while progress.done < steps and _running(state):
        first, count = progress.done, min(every, steps - progress.done)
        with timed() as elapsed:
            prepared = loop.batches.prepare(seeds[first : first + count])
            state, terms = _steps(loop, prepared, first, keys, state)
            entry = {"step": first + count, **terms}
            if valid is not None:
                state, entry["valid"] = _score(loop, state, valid)
            jax.block_until_ready(state)
        progress.compile_seconds += elapsed.compile_seconds
        progress.run_seconds += elapsed.run_seconds
        progress.done += count
        progress.add(entry)
        monitor(progress.done, steps, f"loss {float(np.mean(entry['loss'])):.4g}")
        last = progress.done >= steps or not _running(state)
        if monitor.folder is not None and (last or time.monotonic() - written > monitor.seconds):
            note = {"identity": identity, "status": np.asarray(state.status).tolist(), **dataclasses.asdict(progress)}
            checkpoint.write(monitor.folder, state, note)
            written = time.monotonic()
    return _finish(loop, state, valid, progress)


def _steps(loop: _Loop, prepared: PyTree, first: int, keys: PRNGKeyArray, state: _State):
    """All prepared steps: one compiled scan, or on the CPU one compiled step called again and again, member by member.

    XLA's CPU backend runs convolutions inside a loop body sixteen to thirty times slower than outside, and convolutions
    whose kernels are stacked by `vmap` three times slower than one after the other.
    """
    if loop.members is not None and jax.default_backend() == "cpu":
        alone = dataclasses.replace(loop, members=None)
        done = [_steps(alone, prepared, first, keys[m], _member(state, m)) for m in range(loop.members)]
        states, logged = zip(*done, strict=True)
        return _stacked(states), jax.tree.map(lambda *values: np.stack(values, axis=-1), *logged)
    count = jax.tree.leaves(prepared)[0].shape[0]
    size = 1 if jax.default_backend() == "cpu" else count
    parts = []
    for start in range(0, count, size):
        piece = jax.tree.map(lambda x, start=start: x[start : start + size], prepared)
        state, terms = _chunk((loop, piece, jnp.asarray(first + start, jnp.int32), keys), state)
        parts.append(terms)
    return state, jax.tree.map(lambda *values: np.mean(np.stack(values), axis=0), *parts)


def _score(loop: _Loop, state: _State, valid: PyTree) -> tuple[_State, Array]:
    """The validation score; on the CPU member by member, for the reason given in `_steps`."""
    if loop.members is None or jax.default_backend() != "cpu":
        return _evaluate(loop, state, valid)
    alone = dataclasses.replace(loop, members=None)
    states, scores = zip(*(_evaluate(alone, _member(state, m), valid) for m in range(loop.members)), strict=True)
    return _stacked(states), jnp.stack(scores)


def _member(tree: PyTree, number: int) -> PyTree:
    return jax.tree.map(lambda x: x[number] if eqx.is_array(x) else x, tree)


def _stacked(trees: tuple[PyTree, ...]) -> PyTree:
    return jax.tree.map(lambda *x: jnp.stack(x) if eqx.is_array(x[0]) else x[0], *trees)


def _finish(loop: _Loop, state: _State, valid: PyTree, progress: _Progress) -> Fitted:
    final = state.model if state.average is None else state.average
    if valid is not None:
        scored = jnp.isfinite(state.best_score)  # without a finite score keep the last weights, not the first
        final = (_choose if loop.members is None else eqx.filter_vmap(_choose))(scored, state.best, final)
    log: Log = {name: np.asarray(values) for name, values in progress.rows.items()}
    log["compile_seconds"], log["run_seconds"] = np.asarray(progress.compile_seconds), np.asarray(progress.run_seconds)
    log["skipped"] = np.asarray(state.skipped)
    return Fitted(eqx.nn.inference_mode(final), state.model, log, np.asarray(state.status))


def _running(state: _State) -> bool:
    return bool(np.any(np.asarray(state.status) == int(Status.successful)))


def _seeds(key: PRNGKeyArray, steps: int) -> np.ndarray:
    words = [int(x) for x in np.asarray(jax.random.key_data(_typed(key))).ravel()]
    return np.random.SeedSequence(words).generate_state(steps, np.uint32)


def _copy(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jnp.array(x, copy=True) if eqx.is_array(x) else x, tree)


def _choose(condition: Array, new: PyTree, old: PyTree) -> PyTree:
    return jax.tree.map(lambda n, o: jnp.where(condition, n, o) if eqx.is_array(n) else n, new, old)


def _when(condition: Array, update: Callable[[PyTree, PyTree], PyTree], held: PyTree, gradient: PyTree) -> PyTree:
    """`update(held, gradient)` where the condition holds, else `held`.

    A processor branches, which saves reading and writing all of it once more; elsewhere a branch would make the device
    wait for the host.
    """
    if jax.default_backend() != "cpu":
        return _choose(condition, update(held, gradient), held)
    arrays, rest = eqx.partition(held, eqx.is_array)

    def updated(arrays: PyTree, gradient: PyTree) -> PyTree:
        return eqx.filter(update(eqx.combine(arrays, rest), gradient), eqx.is_array)

    new = jax.lax.cond(condition, updated, lambda arrays, _: arrays, arrays, gradient)
    return eqx.combine(new, rest)


@functools.lru_cache  # one function per value: a second fit then finds its compiled loop
def _constant(value: float) -> Callable[[Array], Array]:
    def schedule(step: Array) -> Array:
        del step
        return jnp.asarray(value)

    return schedule


def _typed(key: PRNGKeyArray) -> PRNGKeyArray:
    return key if jnp.issubdtype(key.dtype, jax.dtypes.prng_key) else jax.random.wrap_key_data(key)


def _identity(loop: _Loop, state: _State, valid, key, steps: int, every: int) -> str:
    """What a checkpoint must share with a fit to be continued by it: start, data, numbers, key, what it was told."""
    data = [np.asarray(leaf) for leaf in jax.tree.leaves(eqx.filter((state, valid), eqx.is_array))]
    numbers = [steps, every, loop.patience, loop.members, loop.bad_limit, jax.tree.leaves(loop.trainable)]
    settings = told([loop.objective, loop.batches, loop.optimiser, loop.average])
    return fingerprint([data, numbers, settings, np.asarray(jax.random.key_data(_typed(key)))])
