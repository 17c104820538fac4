"""Simulated once, kept on disk: runs of any model, found again by what they are."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Monitor, Status, fingerprint, load, save
from ..dynamics import AbstractDynamics, rollout
from .held_suarez_archive import cache_folder
from .model_code import model_code

VERSION = 1  # raised when this file or `rollout` makes other numbers; models count by their code, not by a version


def trajectories(
    dynamics: AbstractDynamics,
    view: Callable[[PyTree], Float[Array, "channel y x"]],
    *,
    count: int,
    times: int,
    every: int,
    spin_up: int,
    key: PRNGKeyArray,
    monitor: Monitor = Monitor(),
) -> Float[np.ndarray, "count time channel y x"]:
    """Independent runs of a model, each after a spin-up of its own; made once, then read.

    They lie in the user's cache folder (`SYNOPTAX_CACHE`), under a fingerprint of the model, its code included, and of
    all numbers here, whole or not at all.

    **Arguments:**
    - `view`: what is kept of a field of the model; a module, so that it counts in the fingerprint.
    - `count`, `times`: number of runs, fields of each, the first at the end of the spin-up.
    - `every`: steps of the model between fields.
    - `spin_up`: steps before the first.

    **Raises:** `InputError` when a run blows up or the disk is full.
    """
    words = np.asarray(jax.random.key_data(key))
    dtype = str(jnp.zeros(()).dtype)
    name = fingerprint([dynamics, view, count, times, every, spin_up, words, dtype, VERSION, model_code(dynamics)])
    folder = cache_folder() / "trajectories" / name
    if not (folder / "model.json").is_file():
        monitor(0, 1, f"simulating {count} runs of {times} fields")
        save({"fields": _simulated(dynamics, view, count, times, every, spin_up, key)}, folder)
        monitor(1, 1, "simulated")
    return load(folder)[0]["fields"]


def _simulated(dynamics, view, count: int, times: int, every: int, spin_up: int, key: PRNGKeyArray) -> np.ndarray:
    steps = (times - 1) * every

    def one(key: PRNGKeyArray) -> tuple[Array, Array, Array]:
        first, noise = jax.random.split(key)
        spun = rollout(dynamics, dynamics.start(key=first), steps=spin_up, every=spin_up, key=noise)
        run = rollout(
            dynamics, spun.last, start=spin_up * dynamics.dt, steps=steps, every=every, key=jax.random.fold_in(noise, 1)
        )
        fields = jnp.concatenate([view(dynamics.project(spun.last))[None], jax.vmap(view)(run.fields)])
        return fields, spun.status, run.status

    fields, *status = jax.jit(jax.vmap(one))(jax.random.split(key, count))
    if any(int(jnp.max(s)) != int(Status.successful) for s in status):
        raise InputError(f"A run of {type(dynamics).__name__} blew up with steps of {dynamics.dt}; shorten them.")
    return np.asarray(fields)
