"""From files to a `Task`: places, units, joined times, neighbours, holes, training and validation blocks."""

import dataclasses
from collections.abc import Sequence

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray as xr

from ..core import InputError
from ..records import Layout, Predictors, Samples, Source, Task
from .feed import Feed, filled, real
from .feeds import feeds_from_files, feeds_from_fine, joined
from .grid import Grid, Place
from .normalise import AbstractTransform
from .places import cells_of, place_of
from .recipe import Input, Recipe
from .regrid import Bilinear
from .splits import Period, parse_period, split
from .target import Target, target_of, usual_transform
from .times import DAY, AbstractAlign, ExactAlign, Times
from .units import same_units

Stretch = str | tuple[str, str] | Period


class Preparation(eqx.Module):
    """All that is needed to make predictors for a fitted model from new files; saved beside it by `core.save`.

    **Arguments:**
    - `layout`: of the model, with its `recipe`.
    - `static`: shape (static, *fine place), in the order of `layout.static_names`.
    """

    layout: Layout
    static: np.ndarray


@dataclasses.dataclass(frozen=True, eq=False)
class Prepared:
    """What `prepare_task` returns.

    **Arguments:**
    - `task`: for `method.fit(task, key=key)`.
    - `preparation`: to keep with the fitted model.
    - `train_times`, `valid_times`: of the samples.
    - `notes`: what was done knowingly, in sentences: trimmed edges, dropped times, interpolated static fields.
    """

    task: Task
    preparation: Preparation
    train_times: Times
    valid_times: Times
    notes: tuple[str, ...]


def prepare_task(
    fine: xr.Dataset,
    *,
    variables: Sequence[str],
    train: Stretch,
    valid: Stretch,
    coarse: xr.Dataset | Sequence[xr.Dataset] = (),
    predictors: Sequence[str] | None = None,
    factor: int | None = None,
    trim: bool = False,
    neighbours: tuple[int, ...] = (0,),
    align: AbstractAlign = ExactAlign(),
    static: xr.Dataset | None = None,
    transforms: tuple[AbstractTransform, ...] | None = None,
    units: dict[str, str] | None = None,
    gap_hours: float | None = None,
    unlabelled: Stretch | None = None,
    name: str = "the fine file",
) -> Prepared:
    """A task from data sets in the library's form (`open_dataset`), and what is needed to apply its model to new files.

    Target times without a predictor, without all neighbours within an unbroken run, or whose predictors are all missing
    are left out. Missing predictor cells take the value of the nearest cell; missing targets stay NaN.

    **Arguments:**
    - `fine`: holds the targets.
    - `variables`: names of the targets.
    - `train`, `valid`: periods such as `2019-03-01/2019-03-17`; a gap must lie between them.
    - `coarse`: predictor data, one data set a place; without it the area mean of `fine` over `factor` x `factor` cells.
    - `predictors`: names of the predictors; all variables with times by default.
    - `trim`: drop the edge that `factor` does not cover: the last rows and columns in the order of the file.
    - `neighbours`: other times as predictors, in steps: `(-1, 0, 1)`.
    - `align`: how times of targets and predictors belong together.
    - `static`: fields on the fine place (orography, masks); those on another grid are interpolated.
    - `transforms`: one per target, the scale to work on; square root for precipitation, identity otherwise.
    - `units`: the unit in which to take a variable, `{"t2m": "degC"}`; the file's own by default.
    - `gap_hours`: the least distance between training and validation; by default one step must be left out.
    - `unlabelled`: a further period of predictors for pretraining, apart from `valid`.
    - `name`: what messages call `fine`.

    **Raises:** `InputError` in one sentence for whatever does not fit together.
    """
    files = (coarse,) if isinstance(coarse, xr.Dataset) else tuple(coarse)
    if not files and factor is None:
        raise InputError("Without a coarse file a factor is needed: pass --factor 4, or --coarse FILE.")
    around = _ordered(neighbours)
    notes = [str(ds.attrs["notes"]) for ds in (fine, *files) if ds.attrs.get("notes")]
    target, trimmed = target_of(fine, tuple(variables), factor=factor, trim=trim, units=units or {}, name=name)
    if files:
        feeds = feeds_from_files(files, target, predictors=predictors, neighbours=around, units=units or {})
    else:
        assert factor is not None
        feeds = feeds_from_fine(target, factor=factor, neighbours=around)
    rows, kept, dropped = joined(target.times, feeds, align)
    still, names, filled_in = statics_of(static, target.place)
    layout = _layout(target, feeds, names, transforms, align, factor, bool(files))
    periods = parse_period(train), parse_period(valid)
    parts = split(target.times, *periods, gap_hours=gap_hours, name=name)
    (fitted, train_times), (held, valid_times) = (
        _samples(target, feeds, rows, kept, np.intersect1d(kept, i), still) for i in parts
    )
    extra = None
    if unlabelled is not None:
        extra = _unlabelled(feeds, layout, still, parse_period(unlabelled), periods[1])
    layout = _with_ranges(layout, fitted.predictors)
    said = tuple(dict.fromkeys((*notes, *trimmed, *dropped, *filled_in)))
    return Prepared(Task(fitted, held, extra, layout), Preparation(layout, still), train_times, valid_times, said)


def gather(
    feeds: Sequence[Feed], rows: Sequence[np.ndarray], times: Times, static: np.ndarray, *, step: int
) -> tuple[Predictors, np.ndarray]:
    """Predictors at given rows of each feed, and which variables have any data at which times, (time, variable)."""
    read = [f.read(r) for f, r in zip(feeds, rows, strict=True)]
    inputs = Predictors(
        tuple(jnp.asarray(v) for v, _ in read),
        jnp.asarray(times.phases().astype(real())),
        jnp.asarray(static),
        jnp.asarray(times.segments(step=step)),
    )
    return inputs, np.concatenate([t for _, t in read], axis=1)


def statics_of(static: xr.Dataset | None, place: Place) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Static fields on the fine place, (static, *place), their names, and notes on interpolation.

    **Raises:** `InputError` when there is none, or it belongs to other stations.
    """
    if static is None:
        return np.zeros((0, *place.shape), real()), (), ()
    fields, names, notes = [], [], []
    for name in map(str, static.data_vars):
        if not {"lat", "northing", "station"} & set(static[name].dims):
            continue
        own = place_of(static, name)
        array = static[name].isel(time=0, drop=True) if "time" in static[name].dims else static[name]
        values = np.asarray(array.values, dtype=float)
        if not np.isfinite(values).any():
            raise InputError(f"The static field {name} holds no finite value; check the file.")
        cells = cells_of(place, own)
        if cells is not None:
            values = values[np.ix_(*cells)]
        elif isinstance(own, Grid):
            values = np.asarray(Bilinear(clamp=True).between(own, place)(jnp.asarray(values)))
            notes.append(f"static field {name} interpolated to the fine place")
        else:
            raise InputError(f"The static field {name} is given at other stations than the targets; give it at those.")
        fields.append(filled(values[None, None].copy(), place)[0, 0])
        names.append(name)
    if not fields:
        raise InputError("The static file holds no field on a grid or on stations; name its axes with --map.")
    return np.stack(fields).astype(real()), tuple(names), tuple(notes)


def _ordered(neighbours: Sequence[int]) -> tuple[int, ...]:
    if not neighbours or len(set(neighbours)) < len(neighbours):
        raise InputError(f"--neighbours {tuple(neighbours)}: give each offset once, for instance -1,0,1.")
    return tuple(sorted(int(n) for n in neighbours))


def _layout(
    target: Target,
    feeds: Sequence[Feed],
    static_names: tuple[str, ...],
    transforms: tuple[AbstractTransform, ...] | None,
    align: AbstractAlign,
    factor: int | None,
    from_files: bool,
) -> Layout:
    sources = tuple(Source(f.place, tuple(t.name for t in f.tracks), f.neighbours) for f in feeds)
    inputs = tuple(Input(tuple(t.units for t in f.tracks), (), (), f.step, f.times.calendar) for f in feeds)
    maps = transforms or tuple(usual_transform(n, u) for n, u in zip(target.names, target.units, strict=True))
    if len(maps) != len(target.names):
        raise InputError(f"{len(maps)} transforms were given for {len(target.names)} targets; give one for each.")
    pairs = tuple(_counterpart(n, u, sources, inputs) for n, u in zip(target.names, target.units, strict=True))
    if from_files and factor is not None:
        assert isinstance(target.place, Grid)
        blocks = target.place.coarsened(factor)
        same = [p is not None and cells_of(blocks, sources[p[0]].place) is not None for p in pairs]
        if not all(same):
            raise InputError(
                f"--factor {factor} is given with --coarse, but these files do not hold {', '.join(target.names)} on "
                f"the {blocks.shape[0]}x{blocks.shape[1]} grid of the area means; leave out --factor."
            )
    recipe = Recipe(inputs, align, target.times.step, int(target.times.seconds[0] % DAY), not from_files)
    return Layout(sources, target.place, target.names, target.units, maps, pairs, factor, static_names, recipe)


def _counterpart(
    name: str, units: str, sources: tuple[Source, ...], inputs: tuple[Input, ...]
) -> tuple[int, int] | None:
    """Source and channel of the same variable, unit and time on a coarse grid."""
    for i, (source, given) in enumerate(zip(sources, inputs, strict=True)):
        if name in source.variables and 0 in source.neighbours and isinstance(source.place, Grid):
            at = source.variables.index(name)
            if units == given.units[at] or same_units(units, given.units[at]):
                return i, source.neighbours.index(0) * len(source.variables) + at
    return None


def _samples(
    target: Target,
    feeds: Sequence[Feed],
    rows: Sequence[np.ndarray],
    kept: np.ndarray,
    wanted: np.ndarray,
    static: np.ndarray,
) -> tuple[Samples, Times]:
    """Samples at the `wanted` ones of the `kept` target times; those without predictor or target are left out."""
    if wanted.size == 0:
        raise InputError("No target time of the training or validation period has predictors; choose another period.")
    at = np.searchsorted(kept, wanted)
    times = target.times.at(wanted)
    inputs, there = gather(feeds, [r[at] for r in rows], times, static, step=target.times.step)
    truth = target.read(wanted)
    _some(truth, target.names, times)
    if not there.any(0).all():
        names = [t.name for f in feeds for t in f.tracks]
        empty = ", ".join(n for n, some in zip(names, np.asarray(there.any(0)), strict=True) if not some)
        raise InputError(
            f"The predictor {empty} holds no finite value from {times.span()}; check the file or the period."
        )
    good = np.flatnonzero(there.all(1) & np.isfinite(truth).reshape(len(times), -1).any(1))
    samples = Samples(inputs, jnp.asarray(truth))
    return (samples, times) if good.size == len(times) else (samples.at(good), times.at(good))


def _some(truth: np.ndarray, names: Sequence[str], times: Times) -> None:
    """Refuses channels without any value: a NaN-filled file is not a data set."""
    for i, name in enumerate(names):
        if not np.isfinite(truth[:, i]).any():
            raise InputError(f"{name} holds no finite value from {times.span()}; check the file or the period.")


def _with_ranges(layout: Layout, predictors: Predictors) -> Layout:
    """Writes the range of every predictor into the recipe."""
    assert layout.recipe is not None
    inputs = []
    for source, field, given in zip(layout.sources, predictors.fields, layout.recipe.inputs, strict=True):
        values = np.asarray(field)
        count = len(source.variables)
        low = tuple(float(values[:, i::count].min()) for i in range(count))
        high = tuple(float(values[:, i::count].max()) for i in range(count))
        inputs.append(dataclasses.replace(given, low=low, high=high))
    recipe = dataclasses.replace(layout.recipe, inputs=tuple(inputs))
    return dataclasses.replace(layout, recipe=recipe)


def _unlabelled(feeds: Sequence[Feed], layout: Layout, static: np.ndarray, period: Period, valid: Period) -> Predictors:
    """Predictors of a period without targets; the validation period is left out."""
    assert layout.recipe is not None
    recipe = layout.recipe
    stamps = recipe.align.stamps(feeds[0].times, recipe.clock)
    rows, kept, _ = joined(stamps, feeds, recipe.align)
    times = stamps.at(kept)
    chosen = np.flatnonzero(period.mask(times) & ~valid.mask(times))
    if chosen.size == 0:
        raise InputError(f"--unlabelled {period.text} holds no predictor time outside --valid; choose another period.")
    at = [r[chosen] for r in rows]
    inputs, there = gather(feeds, at, times.at(chosen), static, step=feeds[0].times.step)
    return inputs.at(np.flatnonzero(there.all(1)))
