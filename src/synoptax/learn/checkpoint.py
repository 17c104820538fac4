"""Training state on disk: arrays without pickle, written whole or not at all, read back into the same structure."""

import json
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..core import InputError, atomic


def write(folder: Path, state: PyTree, note: dict[str, Any]) -> None:
    """Writes the array leaves of `state` and the JSON `note` as one file, `state.npz`, in `folder`."""
    arrays = {f"a{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(eqx.filter(state, eqx.is_array)))}
    with atomic(folder / "state.npz") as draft, open(draft, "wb") as stream:
        np.savez(stream, note=np.asarray(json.dumps(note)), **arrays)  # type: ignore[arg-type]


def read(folder: Path, like: PyTree, identity: str) -> tuple[PyTree, dict[str, Any]] | None:
    """The state and note in `folder`, or None when there is none.

    **Raises:** `InputError` when the checkpoint belongs to another model, objective or data (`identity` differs).
        Data count bit by bit, and sums over them may differ in their last bits on another number of cores.
    """
    path = folder / "state.npz"
    if not path.is_file():
        return None
    try:
        with np.load(path, allow_pickle=False) as archive:
            note = json.loads(str(archive["note"]))
            stored = [archive[f"a{i}"] for i in range(len(archive.files) - 1)]
    except Exception as error:  # a damaged archive fails in many ways
        raise InputError(f"The checkpoint '{path}' is damaged ({error}); delete it to start again.") from error
    if note.get("identity") != identity:
        raise InputError(
            f"The checkpoint '{path}' belongs to another model or data set, or to a fit with other settings "
            "or on another number of processor cores (sums then differ in their last bits); run it as before, delete "
            "the checkpoint to start again, or choose another folder."
        )
    leaves, treedef = jax.tree.flatten(eqx.filter(like, eqx.is_array))
    if [leaf.shape for leaf in leaves] != [array.shape for array in stored]:
        raise InputError(f"The checkpoint '{path}' has other array shapes than this fit; delete it to start again.")
    arrays = jax.tree.unflatten(treedef, [jnp.asarray(a, leaf.dtype) for a, leaf in zip(stored, leaves, strict=True)])
    return eqx.combine(arrays, eqx.filter(like, eqx.is_array, inverse=True)), note
