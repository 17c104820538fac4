"""A saved model on new files of any length: read, predicted and written a stretch of times at a time."""

import dataclasses
import os
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from .._version import __version__
from ..core import InputError, Monitor, fingerprint
from ..downscale import AbstractDownscaler
from ..fields.io import open_datasets
from ..fields.reading import Reader
from ..fields.stream import FineStream
from ..fields.times import AbstractAlign
from .saved import Saved, digest, load_model, sweep

_VALUES = 8_000_000  # numbers of the output in one stretch, members included: 32 MB
_MOST = 256  # times in one stretch


@dataclasses.dataclass(frozen=True)
class Applied:
    """What `apply_model` did.

    **Arguments:**
    - `path`: the file written.
    - `times`: how many fields.
    - `resumed`: how many stretches of times an earlier, interrupted call had already done.
    - `notes`: sentences about the input.
    """

    path: Path
    times: int
    resumed: int
    notes: tuple[str, ...]


def apply_model(
    folder: str | Path,
    coarse: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    members: int | None = None,
    seed: int = 0,
    align: AbstractAlign | None = None,
    mapping: str | None = None,
    command: str = "",
    monitor: Monitor = Monitor(),
) -> Applied:
    """Writes the fine fields for all times of the coarse files; continues where a killed call stopped.

    Memory stays flat whatever the length of the files. The same arguments give the same numbers, interrupted or not.

    **Arguments:**
    - `folder`: what `downscale fit` wrote.
    - `coarse`: the predictor files.
    - `out`: netCDF, or Zarr when the name ends in `.zarr`.
    - `members`: draws of the predictive distribution; None for the single best field.
    - `seed`: of the draws.
    - `align`: how the times of several files belong together; as at the fit by default.
    - `mapping`: what the files do not say themselves, see `--map`.
    - `command`: kept in the history of the output.

    **Raises:** `InputError` for files that do not fit the model, and when the disk is full.
    """
    paths = [coarse] if isinstance(coarse, str | os.PathLike) else list(coarse)
    target = Path(out)
    saved, _ = load_model(folder)
    if members is not None and members < 1:
        raise InputError(f"{members} members cannot be drawn; give --members 1 or more.")
    saved = saved if align is None else _aligned(saved, align)
    reader = Reader.of(saved.preparation, open_datasets([str(p) for p in paths], mapping=mapping))
    stream = FineStream(
        path=target,
        layout=saved.preparation.layout,
        times=reader.times,
        members=_members(saved.model, reader, members, seed),
        size=_size(saved, members),
        notes=tuple(reader.notes),
        identity=fingerprint([digest(folder), [digest(p) for p in paths], members, seed, mapping, __version__]),
        attrs=_provenance(saved, folder, paths, members, seed),
    )
    sweep(target, keep=(stream.folder,))
    resumed = _stretches(saved.model, reader, stream, members, seed, monitor)
    stream.finish(provenance=command or f"{saved.method} applied to {', '.join(Path(p).name for p in paths)}")
    return Applied(target, len(reader), resumed, reader.notes)


def _stretches(
    model: AbstractDownscaler, reader: Reader, stream: FineStream, members: int | None, seed: int, monitor: Monitor
) -> int:
    """Predicts and writes what is missing; returns how many stretches were there before."""
    pending = stream.pending()
    resumed = -(-len(reader) // stream.size) - len(pending)
    done = min(resumed * stream.size, len(reader))
    monitor(done, len(reader), "resumed" if resumed else "")
    for start, stop in pending:
        begin = max(0, min(start, stop - stream.size))  # a shorter last stretch would compile anew
        predictors, there = reader.read(begin, stop)
        if members is None:
            fields = np.asarray(model.predict(predictors))
        else:
            key = jax.random.fold_in(jax.random.key(seed), begin)
            fields = np.asarray(model.sample(predictors, key=key, count=members))
        axis = 0 if members is None else 1
        there = np.expand_dims(there, [i for i in range(fields.ndim) if i != axis])
        fields = np.where(there, fields, np.nan).astype(np.float32)
        stream.write(start, stop, fields[start - begin :] if members is None else fields[:, start - begin :])
        done += stop - start
        monitor(done, len(reader), "")
    return resumed


def _members(model: AbstractDownscaler, reader: Reader, members: int | None, seed: int) -> int | None:
    """How many members the model really gives.

    **Raises:** `InputError` when several are asked of a model that has one field only.
    """
    if members is None:
        return None
    predictors, _ = reader.read(0, 1)
    count = model.sample(predictors, key=jax.random.key(seed), count=members).shape[0]
    if count != members:
        raise InputError(
            f"{members} members were asked for, but this model gives {count}; leave out --members, or fit a method "
            f"with a predictive distribution."
        )
    return count


def _size(saved: Saved, members: int | None) -> int:
    """Times in a stretch: few enough that memory stays small, many enough that the overhead does."""
    layout = saved.preparation.layout
    each = int(np.prod(layout.place.shape)) * len(layout.channels) * (members or 1)
    return max(1, min(_MOST, _VALUES // each))


def _aligned(saved: Saved, align: AbstractAlign) -> Saved:
    layout = saved.preparation.layout
    if layout.recipe is None:
        return saved
    recipe = dataclasses.replace(layout.recipe, align=align)
    changed = dataclasses.replace(layout, recipe=recipe)
    return dataclasses.replace(saved, preparation=dataclasses.replace(saved.preparation, layout=changed))


def _provenance(
    saved: Saved, folder: str | Path, paths: Sequence[str | Path], members: int | None, seed: int
) -> dict[str, str]:
    """Global attributes that say what made the file."""
    attrs = {
        "synoptax_version": __version__,
        "synoptax_method": saved.method,
        "synoptax_model": f"{Path(folder).name} {digest(folder)}",
        "synoptax_input": ", ".join(f"{Path(p).name} {digest(p)}" for p in paths),
    }
    if saved.preparation.layout.factor is not None:
        attrs["synoptax_factor"] = str(saved.preparation.layout.factor)
    if members is not None:
        attrs["synoptax_seed"] = str(seed)
    return attrs
