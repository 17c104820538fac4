"""Output larger than memory: written in stretches that survive a kill, then put together as one CF file."""

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..core import InputError, atomic, explain, fingerprint, refuse_other_kind
from ..records import Layout
from .accept import attributes, template
from .io import stamped
from .times import Times


@dataclasses.dataclass(frozen=True, eq=False)
class FineStream:
    """Stretches of fine fields on their way to one file.

    Each stretch is a file of its own in a folder beside the target, renamed into place when complete, so that a kill at
    any moment loses at most the stretch at work. `finish` joins them and removes the folder.

    **Arguments:**
    - `path`: the target, netCDF or `.zarr`.
    - `layout`: of the model.
    - `times`: of the whole output.
    - `members`: number of members, or None for one field.
    - `size`: times in a stretch.
    - `notes`: for the attributes of the file.
    - `identity`: what the output depends on (model, input, seed); unfinished work of another identity is not resumed.
    - `attrs`: further global attributes of the file: what made it.
    - `frame`: coordinates and attributes of the file where they are not those of fields at `times`, see `template`;
      with a dimension `start` the stretches lie along `lead`, else along `time`.
    """

    path: Path
    layout: Layout
    times: Times
    members: int | None
    size: int
    notes: tuple[str, ...] = ()
    identity: str = ""
    attrs: dict[str, str] = dataclasses.field(default_factory=dict)
    frame: xr.Dataset | None = None

    @property
    def folder(self) -> Path:
        """Where the stretches wait."""
        return self.path.parent / f".{self.path.name}.parts"

    def pending(self) -> list[tuple[int, int]]:
        """Bounds of the stretches that are still to be computed; finished ones of an earlier run are kept.

        **Raises:** `InputError` when the target cannot be written, or is a folder where a file shall be.
        """
        refuse_other_kind(self.path, folder=self.path.suffix == ".zarr")
        head = self.folder / "head.json"
        mine = {"identity": self._digest()}
        try:
            if not head.is_file() or json.loads(head.read_text()) != mine:
                shutil.rmtree(self.folder, ignore_errors=True)
                self.folder.mkdir(parents=True)
                draft = self.folder / "head.tmp"
                draft.write_text(json.dumps(mine))
                os.replace(draft, head)
        except json.JSONDecodeError:
            shutil.rmtree(self.folder, ignore_errors=True)
            return self.pending()
        except OSError as error:
            raise explain(error, self.path) from error
        return [(a, b) for a, b in self._stretches() if not self._part(a, b).is_file()]

    def write(self, start: int, stop: int, fields: Any) -> None:
        """One stretch: (time, channel, *place), or with starts and members first."""
        values = np.asarray(fields)
        expected = (*self._ahead().values(), stop - start, len(self.layout.channels), *self.layout.place.shape)
        if values.shape != expected:
            raise InputError(f"A stretch of shape {values.shape} was given where {expected} was needed.")
        self._put(self._part(start, stop), lambda file: np.save(file, values))

    def keep(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Arrays to continue from, beside the stretches until the file is finished."""
        self._put(self.folder / name, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]

    def kept(self, name: str) -> dict[str, np.ndarray] | None:
        """What `keep` kept under a name, or None."""
        path = self.folder / name
        if not path.is_file():
            return None
        with np.load(path, allow_pickle=False) as archive:
            return {key: archive[key] for key in archive.files}

    def drop(self, name: str) -> None:
        """Forgets what was kept under a name."""
        (self.folder / name).unlink(missing_ok=True)

    def _put(self, path: Path, write: Callable[[Any], None]) -> None:
        """A file of the folder, whole or not at all."""
        draft = path.with_suffix(".tmp")
        try:
            with open(draft, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise explain(error, self.path) from error

    def finish(self, *, provenance: str | None = None, beside: xr.Dataset | None = None) -> None:
        """Joins all stretches into the target file.

        **Arguments:**
        - `beside`: small variables to write with the fields.

        **Raises:** `InputError` when stretches are missing or the disk is full.
        """
        left = self.pending()
        if left:
            raise InputError(
                f"{len(left)} stretches of '{self.path}' are not computed yet; run the same command again."
            )
        frame = self.frame
        if frame is None:
            frame = template(self.layout, self.times, members=self.members, notes=self.notes)
        frame = frame if beside is None else frame.assign(beside.data_vars)
        frame = frame.assign_attrs(stamped({**frame.attrs, **self.attrs}, provenance))
        with atomic(self.path) as draft:
            try:
                if self.path.suffix == ".zarr":
                    self._join_zarr(frame, draft)
                else:
                    self._join_netcdf(frame, draft)
            except RuntimeError as error:  # the netCDF library reports a full disk as an HDF error
                raise InputError(
                    f"The disk is full or fails: '{self.path}' was not written; free some space."
                ) from error
        shutil.rmtree(self.folder, ignore_errors=True)

    def _join_netcdf(self, frame: xr.Dataset, draft: Path) -> None:
        import netCDF4

        coded = {name: {"dtype": "int64"} for name in frame.coords if frame[name].dtype.kind in "MO"}
        frame.to_netcdf(draft, engine="netcdf4", encoding=coded)
        dims = self._dims()
        with netCDF4.Dataset(draft, "a") as file:
            sizes = [len(file.dimensions[d]) for d in dims]
            chunks = self._chunks(sizes)
            for name, units in zip(self.layout.channels, self.layout.units, strict=True):
                variable = file.createVariable(
                    name, "f4", dims, zlib=True, complevel=1, chunksizes=chunks, fill_value=np.float32(np.nan)
                )
                variable.setncatts(attributes(self.layout, units))
            for start, stop, values in self._parts():
                for i, name in enumerate(self.layout.channels):
                    where = (*(slice(None) for _ in self._ahead()), slice(start, stop))
                    file.variables[name][where] = values[..., i, *([slice(None)] * len(self.layout.place.shape))]

    def _join_zarr(self, frame: xr.Dataset, draft: Path) -> None:
        import zarr

        frame.to_zarr(draft, mode="w", consolidated=False)
        group = zarr.open_group(draft, mode="a")
        dims = self._dims()
        sizes = [frame.sizes[d] for d in dims]
        chunks = tuple(self._chunks(sizes))
        arrays = []
        for name, units in zip(self.layout.channels, self.layout.units, strict=True):
            array = group.create_array(
                name, shape=tuple(sizes), chunks=chunks, dtype="float32", fill_value=float("nan"), dimension_names=dims
            )
            array.attrs.update(attributes(self.layout, units))
            arrays.append(array)
        for start, stop, values in self._parts():
            for i, array in enumerate(arrays):
                where = (*(slice(None) for _ in self._ahead()), slice(start, stop))
                array[where] = values[..., i, *([slice(None)] * len(self.layout.place.shape))]

    def _dims(self) -> tuple[str, ...]:
        return (*self._ahead(), "lead" if "start" in self._ahead() else "time", *self.layout.place.dims)

    def _ahead(self) -> dict[str, int]:
        """Dimensions before that of the stretches, and their sizes."""
        if self.frame is not None:
            return {d: self.frame.sizes[d] for d in ("start", "member") if d in self.frame.sizes}
        return {} if self.members is None else {"member": self.members}

    def _chunks(self, sizes: Sequence[int]) -> list[int]:
        """All starts, one member, a stretch, whole fields."""
        whole = zip(self._dims(), sizes, strict=True)
        each = {"member": 1, self._dims()[len(self._ahead())]: self.size}
        return [min(each.get(dim, n), n) for dim, n in whole]

    def _stretches(self) -> list[tuple[int, int]]:
        return [(a, min(a + self.size, len(self.times))) for a in range(0, len(self.times), self.size)]

    def _parts(self) -> Any:
        return ((a, b, np.load(self._part(a, b), allow_pickle=False)) for a, b in self._stretches())

    def _part(self, start: int, stop: int) -> Path:
        return self.folder / f"{start:09d}-{stop:09d}.npy"

    def _digest(self) -> str:
        text = [self.identity, fingerprint(self.layout), str(self.members), str(self.size), self.times.calendar]
        digest = hashlib.sha256("|".join(text).encode())
        digest.update(self.times.seconds.tobytes())
        return digest.hexdigest()


def identity_of(parts: Sequence[str | Path]) -> str:
    """A short digest of words and of files (by name, size and time of change), to recognise the same work again."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(str(part).encode())
        if isinstance(part, Path) and part.exists():
            facts = part.stat()
            digest.update(f"{facts.st_size} {facts.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
