"""What a downscaler reads and what it is scored against."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ..fields.grid import Place
from ..fields.normalise import AbstractTransform
from ..fields.recipe import Recipe


class Source(eqx.Module):
    """One stack of coarse predictor fields: where it lives and what its channels are.

    **Arguments:**
    - `place`: the coarse grid (or stations).
    - `variables`: names of the variables, in channel order.
    - `neighbours`: time offsets in steps. Channels are ordered neighbour by neighbour, all variables within each:
      channel index = neighbour index x len(variables) + variable index.
    """

    place: Place = eqx.field(static=True)
    variables: tuple[str, ...] = eqx.field(static=True)
    neighbours: tuple[int, ...] = eqx.field(static=True, default=(0,))

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of all channels, such as `z500@-1`."""
        return tuple(v if n == 0 else f"{v}@{n:+d}" for n in self.neighbours for v in self.variables)


class Layout(eqx.Module):
    """The shape and meaning of a downscaling task; no data. Hashable, comparable, and saved with every model.

    **Arguments:**
    - `sources`: predictor stacks.
    - `place`: the fine grid or the stations.
    - `channels`, `units`: names and units of the target variables.
    - `transforms`: one per target channel; the scale on which methods work. They take and return physical values.
    - `counterparts`: per target channel (source index, channel index) of the same variable at the same time on the
      coarse grid, or None where the predictors do not hold it (then interpolation baselines do not exist).
    - `factor`: the coarse counterpart is the area mean over factor x factor fine cells, or None if it is not.
    - `static_names`: names of the static fields on the fine place, in order.
    - `recipe`: how the predictors were made from files (units, times), or None for data that come from no file.
    """

    sources: tuple[Source, ...]
    place: Place = eqx.field(static=True)
    channels: tuple[str, ...] = eqx.field(static=True)
    units: tuple[str, ...] = eqx.field(static=True)
    transforms: tuple[AbstractTransform, ...]
    counterparts: tuple[tuple[int, int] | None, ...] = eqx.field(static=True)
    factor: int | None = eqx.field(static=True, default=None)
    static_names: tuple[str, ...] = eqx.field(static=True, default=())
    recipe: Recipe | None = eqx.field(static=True, default=None)


class Predictors(eqx.Module):
    """Coarse fields at a run of times, with what is known besides.

    **Arguments:**
    - `fields`: per source, shape (time, channel, *place), physical units, neighbours stacked into channels.
    - `phases`: shape (time, 2): phase of the year and phase of the day, radians in [0, 2π).
    - `static`: shape (static, *fine place): orography, land-sea mask, ...; (0, *fine place) when there are none.
    - `segment`: shape (time,): equal numbers mark an unbroken run of times; never difference across a change.
    """

    fields: tuple[Float[Array, "time channel *coarse"], ...]
    phases: Float[Array, "time 2"]
    static: Float[Array, "static *fine"]
    segment: Int[Array, " time"]

    def __len__(self) -> int:
        return self.phases.shape[0]

    def at(self, index) -> "Predictors":
        """The same at some times only: an integer array, a boolean mask or a slice.

        Runs of times are numbered anew, since leaving times out breaks a run in two.
        """
        segment = _runs(self.segment, np.arange(len(self))[index])
        return Predictors(tuple(f[index] for f in self.fields), self.phases[index], self.static, segment)


def _runs(segment: Int[Array, " time"], times: Int[np.ndarray, " kept"]) -> Int[Array, " kept"]:
    """Numbers from zero; a new one where the segment changes or a time is missing."""
    kept = segment[times]
    breaks = (np.diff(times) != 1) | (kept[1:] != kept[:-1])
    return jnp.concatenate([jnp.zeros_like(kept[:1]), jnp.cumsum(breaks).astype(kept.dtype)])


class Samples(eqx.Module):
    """Predictors with the fine fields that belong to them.

    **Arguments:**
    - `truth`: shape (time, channel, *place), physical units; NaN where missing (never used as a number).
    """

    predictors: Predictors
    truth: Float[Array, "time channel *fine"]

    def __len__(self) -> int:
        return len(self.predictors)

    def at(self, index) -> "Samples":
        """The same at some times only."""
        return Samples(self.predictors.at(index), self.truth[index])


@eqx.filter_jit
def joined(first: Samples, second: Samples) -> Samples:
    """Two runs of samples one after the other; segment numbers stay apart."""
    a, b = first.predictors, second.predictors
    both = Predictors(
        tuple(jnp.concatenate([x, y]) for x, y in zip(a.fields, b.fields, strict=True)),
        jnp.concatenate([a.phases, b.phases]),
        a.static,
        jnp.concatenate([a.segment, b.segment + jnp.max(a.segment) + 1]),
    )
    return Samples(both, jnp.concatenate([first.truth, second.truth]))


class Task(eqx.Module):
    """All that a downscaling method may learn from. The evaluation truth is not here.

    **Arguments:**
    - `train`: to fit on.
    - `valid`: a later (or left-out) block, apart by a gap: for tuning and early stopping only.
    - `unlabelled`: further predictors without targets, for pretraining; may equal `train.predictors`.
    - `layout`: shape and meaning.
    """

    train: Samples
    valid: Samples
    unlabelled: Predictors | None
    layout: Layout
