"""A fitted model with all that is needed to use it on new files, as one folder."""

import dataclasses
import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

from ..core import InputError, fingerprint, load, save
from ..downscale import AbstractDownscaler
from ..fields.prepare import Preparation


@dataclasses.dataclass(frozen=True)
class Saved:
    """What `synoptax downscale fit` writes.

    **Arguments:**
    - `model`: fitted.
    - `preparation`: how its predictors are made from files.
    - `method`: name of the method.
    """

    model: AbstractDownscaler
    preparation: Preparation
    method: str


def save_model(saved: Saved, folder: str | Path, *, note: dict[str, Any]) -> None:
    """Writes the folder, whole or not at all.

    **Arguments:**
    - `note`: provenance, kept as JSON beside it.
    """
    save(saved, folder, note=note)


def load_model(folder: str | Path) -> tuple[Saved, dict[str, Any]]:
    """The model and its note.

    **Raises:** `InputError` when the folder holds something else, is damaged, or is from another format.
    """
    found, note = load(folder)
    if not isinstance(found, Saved):
        raise InputError(f"'{folder}' holds a {type(found).__name__}, not a model; give the --out of 'downscale fit'.")
    return found, note


def digest(path: str | Path) -> str:
    """Tells one input from another without reading all of it: names, sizes, times of change, both ends of each file."""
    place = Path(path)
    files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
    parts = []
    for file in files:
        state = file.stat()
        with open(file, "rb") as stream:
            head = stream.read(1 << 16)
            stream.seek(max(0, state.st_size - (1 << 16)))
            ends = hashlib.sha256(head + stream.read()).hexdigest()
        name = str(file.relative_to(place)) if place.is_dir() else file.name
        parts.append([name, state.st_size, state.st_mtime_ns, ends])
    return fingerprint(parts)


def sweep(path: str | Path, *, keep: tuple[Path, ...] = ()) -> None:
    """Removes what killed processes left beside `path`: hidden working folders of its name, except those in `keep`."""
    target = Path(path)
    ours = re.compile(rf"\.{re.escape(target.name)}\.([a-z0-9_]{{8}}|parts|unfinished-[0-9a-f]{{16}})")
    for stale in target.parent.glob(f".{target.name}.*"):
        if ours.fullmatch(stale.name) and stale.is_dir() and stale not in keep:
            shutil.rmtree(stale, ignore_errors=True)
