"""Output larger than memory: written in stretches that survive a kill, then put together as one CF file."""

import dataclasses
import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..core import InputError, atomic, explain, fingerprint
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
    """

    path: Path
    layout: Layout
    times: Times
    members: int | None
    size: int
    notes: tuple[str, ...] = ()
    identity: str = ""
    attrs: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the stretches wait."""
        return self.path.parent / f".{self.path.name}.parts"

    def pending(self) -> list[tuple[int, int]]:
        """Bounds of the stretches that are still to be computed; finished ones of an earlier run are kept."""
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
        """One stretch: (time, channel, *place), or with members first."""
        values = np.asarray(fields)
        lead = () if self.members is None else (self.members,)
        expected = (*lead, stop - start, len(self.layout.channels), *self.layout.place.shape)
        if values.shape != expected:
            raise InputError(f"A stretch of shape {values.shape} was given where {expected} was needed.")
        draft = self.folder / f"{start:09d}.tmp"
        try:
            with open(draft, "wb") as file:
                np.save(file, values)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self._part(start, stop))
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise explain(error, self.path) from error

    def finish(self, *, provenance: str | None = None) -> None:
        """Joins all stretches into the target file.

        **Raises:** `InputError` when stretches are missing or the disk is full.
        """
        left = self.pending()
        if left:
            raise InputError(
                f"{len(left)} stretches of '{self.path}' are not computed yet; run the same command again."
            )
        frame = template(self.layout, self.times, members=self.members, notes=self.notes)
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

        frame.to_netcdf(draft, engine="netcdf4", encoding={"time": {"dtype": "int64"}})
        dims = self._dims()
        with netCDF4.Dataset(draft, "a") as file:
            sizes = [len(file.dimensions[d]) for d in dims]
            chunks = [
                1 if d == "member" else min(n, self.size) if d == "time" else n
                for d, n in zip(dims, sizes, strict=True)
            ]
            for name, units in zip(self.layout.channels, self.layout.units, strict=True):
                variable = file.createVariable(
                    name, "f4", dims, zlib=True, complevel=1, chunksizes=chunks, fill_value=np.float32(np.nan)
                )
                variable.setncatts(attributes(self.layout, units))
            for start, stop, values in self._parts():
                for i, name in enumerate(self.layout.channels):
                    where = (slice(start, stop),) if self.members is None else (slice(None), slice(start, stop))
                    file.variables[name][where] = values[..., i, *([slice(None)] * len(self.layout.place.shape))]

    def _join_zarr(self, frame: xr.Dataset, draft: Path) -> None:
        import zarr

        frame.to_zarr(draft, mode="w", consolidated=False)
        group = zarr.open_group(draft, mode="a")
        dims = self._dims()
        sizes = [frame.sizes[d] for d in dims]
        chunks = tuple(
            1 if d == "member" else min(n, self.size) if d == "time" else n for d, n in zip(dims, sizes, strict=True)
        )
        arrays = []
        for name, units in zip(self.layout.channels, self.layout.units, strict=True):
            array = group.create_array(
                name, shape=tuple(sizes), chunks=chunks, dtype="float32", fill_value=float("nan"), dimension_names=dims
            )
            array.attrs.update(attributes(self.layout, units))
            arrays.append(array)
        for start, stop, values in self._parts():
            for i, array in enumerate(arrays):
                where = (slice(start, stop),) if self.members is None else (slice(None), slice(start, stop))
                array[where] = values[..., i, *([slice(None)] * len(self.layout.place.shape))]

    def _dims(self) -> tuple[str, ...]:
        return (*(() if self.members is None else ("member",)), "time", *self.layout.place.dims)

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
