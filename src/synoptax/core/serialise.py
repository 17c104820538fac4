"""Any frozen record or Equinox module to JSON plus arrays and back. No pickle: loading runs no code of the file."""

import dataclasses
import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from .errors import InputError
from .files import atomic
from .told import members, of_a_library, told

FORMAT = 1
_TRUSTED = ("synoptax.", "equinox.", "jax.", "jaxtyping.")


def to_tree(value: Any, arrays: dict[str, np.ndarray]) -> Any:
    """`value` as plain JSON; arrays are moved into `arrays` and referred to by key."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
            return {"key": to_tree(jax.random.key_data(value), arrays)}
        name = f"a{len(arrays)}"
        arrays[name] = np.asarray(value)
        return {"array": name, "host": not isinstance(value, jax.Array)}
    if isinstance(value, tuple | list):
        return {type(value).__name__ if type(value) in (tuple, list) else "tuple": [to_tree(v, arrays) for v in value]}
    if isinstance(value, dict):
        return {"dict": [[k, to_tree(v, arrays)] for k, v in value.items()]}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: to_tree(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
        cls = type(value)
        more = {} if of_a_library(cls) else {"told": to_tree(members(cls), arrays)}
        return {"class": _name(cls), "fields": fields, **more}
    if callable(value) and hasattr(value, "__qualname__"):
        more = {} if of_a_library(value) else {"told": to_tree(told(value), arrays)}
        return {"function": _name(value), **more}
    raise InputError(
        f"{type(value).__name__} cannot be saved; hold arrays, numbers, strings, records or modules instead."
    )


def from_tree(tree: Any, arrays: dict[str, np.ndarray]) -> Any:
    """The inverse of `to_tree`."""
    if not isinstance(tree, dict):
        return tree
    if "array" in tree:
        value = arrays[tree["array"]]
        return value if tree["host"] else jnp.asarray(value)
    if "key" in tree:
        return jax.random.wrap_key_data(from_tree(tree["key"], arrays))
    if "tuple" in tree:
        return tuple(from_tree(v, arrays) for v in tree["tuple"])
    if "list" in tree:
        return [from_tree(v, arrays) for v in tree["list"]]
    if "dict" in tree:
        return {k: from_tree(v, arrays) for k, v in tree["dict"]}
    if "function" in tree:
        return _find(tree["function"])
    cls = _find(tree["class"])
    value = object.__new__(cls)
    for name, field in tree["fields"].items():
        object.__setattr__(value, name, from_tree(field, arrays))
    return value


def save(value: Any, path: str | Path, *, note: dict[str, Any] | None = None) -> None:
    """Writes `value` to the folder `path` as `model.json` and `arrays.npz`, whole or not at all.

    **Arguments:**
    - `note`: free JSON kept beside it: provenance, command line, validation scores.
    """
    from .._version import __version__

    arrays: dict[str, np.ndarray] = {}
    tree = to_tree(value, arrays)
    head = {"format": FORMAT, "synoptax": __version__, "note": note or {}, "tree": tree}
    with atomic(path) as draft:
        draft.mkdir()
        (draft / "model.json").write_text(json.dumps(head, indent=1))
        np.savez(draft / "arrays.npz", **arrays)  # type: ignore[arg-type]


def load(path: str | Path) -> tuple[Any, dict[str, Any]]:
    """The saved value and its note.

    **Raises:** `InputError` when the folder is missing, truncated or from another format of the library.
    """
    folder = Path(path)
    if not (folder / "model.json").is_file():
        raise InputError(
            f"'{path}' is not a saved model: it has no model.json; give the folder that 'fit --out' wrote."
        )
    try:
        head = json.loads((folder / "model.json").read_text())
        if head.get("format") != FORMAT:
            raise InputError(
                f"'{path}' was saved in format {head.get('format')} by synoptax {head.get('synoptax')}; this version "
                f"reads format {FORMAT}: install that version, or fit again."
            )
        with np.load(folder / "arrays.npz", allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return from_tree(head["tree"], arrays), head["note"]
    except InputError:
        raise
    except Exception as error:  # a damaged archive fails in many ways: zip, JSON, key, import
        raise InputError(f"'{path}' is damaged and cannot be read ({error}); fit again or restore a copy.") from error


def fingerprint(value: Any) -> str:
    """Sixteen hexadecimal digits that depend on class, fields and array contents, and on nothing else.

    Functions and classes of your own count by what they do as well as by name: an edited solver is another one.
    """
    arrays: dict[str, np.ndarray] = {}
    digest = hashlib.sha256(json.dumps(to_tree(value, arrays), sort_keys=True).encode())
    for name in sorted(arrays):
        digest.update(str((name, arrays[name].dtype, arrays[name].shape)).encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()[:16]


def _name(value: Any) -> str:
    return f"{value.__module__}:{value.__qualname__}"


def _find(name: str) -> Any:
    module, _, qualname = name.partition(":")
    if not (module + ".").startswith(_TRUSTED):
        raise InputError(f"The saved model names '{name}', which is not part of this library; it was not loaded.")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found
