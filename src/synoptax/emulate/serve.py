"""One step of an emulator for programs that have JAX and nothing of this library."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.export as jax_export
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..core import InputError, atomic
from ..learn import AbstractDeterministic
from .emulator import Emulator, Past

PLATFORMS = ("cpu", "cuda")
_KNOWN = frozenset({"cpu", "cuda", "rocm", "tpu"})  # others JAX would write down, to run nowhere
_CODE = (
    "exported = jax.export.deserialize(open(FILE, 'rb').read()); fields = exported.call(fields, time{key})  "
    "# next state; the newest field is fields[-1]"
)


def export(
    emulator: Emulator, path: str | Path, *, platforms: tuple[str, ...] = PLATFORMS, note: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Writes one step as serialised StableHLO, and beside it `path` + `.json` with shapes, units and how to call it.

    fields(t + dt) = step(fields, time[, key]): the fields of the past go in and come out, the newest last;
    forecasts with a latent space or a plan begin anew at every step. Emulators with a predictive distribution take the
    key and draw; all others have no key.

    Use it to serve forecasts where only JAX is installed. Not to fit or to verify. Cost: one compilation; the weights
    are inside the file.

    **Arguments:**
    - `platforms`: where it shall run.
    - `note`: further facts for the JSON.

    **Raises:** `InputError` when the emulator cannot be exported, or the place cannot be written.
    """
    if unknown := set(platforms) - _KNOWN:
        raise InputError(
            f"The step cannot be exported for {', '.join(sorted(unknown))}; JAX knows {', '.join(sorted(_KNOWN))}."
        )
    random = not isinstance(emulator.forecast, AbstractDeterministic)
    state = (emulator.history, *emulator.mean.shape)
    dtype = emulator.mean.dtype
    given = [jax.ShapeDtypeStruct(state, dtype), jax.ShapeDtypeStruct((), jnp.result_type(float))]
    if random:
        given.append(jax.ShapeDtypeStruct((2,), jnp.uint32))
    there = emulator.there

    def step(fields: Array, time: Array, key: Array | None = None) -> Array:
        drawn = None if key is None else jax.random.wrap_key_data(key, impl="threefry2x32")
        begun = Past(jnp.where(there[None], fields, 0.0))
        return emulator.step(begun, time, key=drawn).fields

    try:
        data = jax_export.export(jax.jit(step), platforms=platforms)(*given).serialize()
    except (ValueError, RuntimeError) as error:  # what JAX raises for calls of the host
        raise InputError(f"The step cannot be exported for {', '.join(platforms)}: {error}") from error
    facts = {**_facts(emulator, given, platforms), **(note or {})}
    with atomic(path) as draft:
        draft.write_bytes(data)
    with atomic(Path(f"{path}.json")) as draft:
        draft.write_text(json.dumps(facts, indent=1))
    return facts


def _facts(emulator: Emulator, given: list[jax.ShapeDtypeStruct], platforms: tuple[str, ...]) -> dict[str, Any]:
    """What a program has to know to call it."""
    layout = emulator.layout
    lat, lon = (np.asarray(c) for c in layout.place.coordinates()) if _on_earth(emulator) else (None, None)
    meaning = (
        ("fields", "the state: history x channel x y x x, the newest field last, in the units below; 0 where no place"),
        ("time", "days since a new year, modulo 365.25 the season of the newest field, modulo 1 its time of day (UTC)"),
        ("key", "two words of a random key, jax.random.key_data(key); another one for each step and member"),
    )
    return {
        "inputs": [
            {"name": name, "shape": list(s.shape), "dtype": str(s.dtype), "meaning": text}
            for s, (name, text) in zip(given, meaning, strict=False)
        ],
        "output": "fields one step later, same shape and dtype",
        "channels": list(layout.channels),
        "units": list(layout.units),
        "history": emulator.history,
        "step_days": emulator.dt,
        "grid": {"dims": list(layout.place.dims), "shape": list(layout.place.shape)},
        "latitude": None if lat is None else lat[:, 0].tolist(),
        "longitude": None if lon is None else lon[0].tolist(),
        "platforms": list(platforms),
        "jax": jax.__version__,
        "how": _CODE.format(key=", key" if len(given) > 2 else ""),
    }


def _on_earth(emulator: Emulator) -> bool:
    """Whether the axes are latitude and longitude."""
    return tuple(emulator.layout.place.dims) == ("lat", "lon")
