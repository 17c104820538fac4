"""Predictors as frames: all variables of one time on one grid, which an encoder reads time by time."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import InputError
from ..fields import Grid, Normaliser, regrid
from ..fields.climatology import usable_harmonics
from ..fields.normalise import moments
from ..learn.represent import Frames
from ..records import Layout, Predictors


class FrameReader(eqx.Module):
    """Every gridded source on one grid as anomalies from its mean at each cell, in units of its standard deviation.

    The mean at each cell goes out because a part that every frame shares (the mean north-south slope of pressure) hides
    all else from losses that compare frames. Neighbouring times become frames of their own, so that one encoder reads
    each of them. Gaps count as the mean.

    **Arguments:**
    - `normalisers`: one per source.
    - `maps`: per source the map to the common grid; None for stations and for sources that live there.
    - `grid`: the gridded source with most cells.
    - `offsets`: neighbouring times, ascending; a source without one of them is at its mean there.
    - `layout`: of the task.
    - `cycle`: numbers of harmonics of the year and of the day.
    """

    normalisers: tuple[Normaliser, ...]
    maps: tuple[regrid.LinearMap | None, ...]
    grid: Grid = eqx.field(static=True)
    offsets: tuple[int, ...] = eqx.field(static=True)
    layout: Layout
    cycle: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, predictors: Predictors, layout: Layout, *, who: str) -> "FrameReader":
        """Statistics from `predictors`: all that training may see, labelled or not.

        **Raises:** `InputError` when no source is a grid.
        """
        grids = [s.place for s in layout.sources if isinstance(s.place, Grid)]
        if not grids:
            raise InputError(
                f"{who} encodes fields on a grid and was given stations only; choose Ridge, or add a field."
            )
        grid = max(grids, key=lambda g: g.shape[0] * g.shape[1])
        rule = regrid.Bilinear(clamp=True)
        maps = tuple(
            rule.between(s.place, grid) if isinstance(s.place, Grid) and s.place != grid else None
            for s in layout.sources
        )
        offsets = tuple(sorted({n for s in layout.sources if isinstance(s.place, Grid) for n in s.neighbours}))
        cycle = usable_harmonics(np.asarray(predictors.phases))
        return cls(tuple(_anomalies(f) for f in predictors.fields), maps, grid, offsets, layout, cycle)

    @property
    def variables(self) -> int:
        """Variables of one frame."""
        return sum(len(s.variables) for s in self.layout.sources if isinstance(s.place, Grid))

    @property
    def extras(self) -> int:
        """Numbers besides the frames: harmonics of the phases, and values at stations."""
        stations = sum(n.mean.size for n, s in zip(self.normalisers, self.layout.sources, strict=True) if _scattered(s))
        return stations + 2 * sum(self.cycle)

    def frames(self, fields: tuple[Float[Array, "channel *place"], ...]) -> Float[Array, "offset y x variable"]:
        """The frames of one time."""
        stacks = []
        for field, normaliser, lift, source in zip(
            fields, self.normalisers, self.maps, self.layout.sources, strict=True
        ):
            if _scattered(source):
                continue
            normal = normaliser.forward(field)
            normal = jnp.where(jnp.isfinite(normal), normal, 0.0)
            normal = normal if lift is None else lift.complete(normal)
            blocks = normal.reshape(len(source.neighbours), len(source.variables), *normal.shape[-2:])
            at = dict(zip(source.neighbours, blocks, strict=True))
            stacks.append(jnp.stack([at.get(n, jnp.zeros_like(blocks[0])) for n in self.offsets]))
        return jnp.moveaxis(jnp.concatenate(stacks, axis=1), 1, -1)

    def extra(
        self, fields: tuple[Float[Array, "channel *place"], ...], phases: Float[Array, " 2"]
    ) -> Float[Array, " extra"]:
        """Harmonics and station values of one time."""
        parts = [
            jnp.stack([jnp.cos(k * phases[i]), jnp.sin(k * phases[i])])
            for i, count in enumerate(self.cycle)
            for k in range(1, count + 1)
        ]
        for field, normaliser, source in zip(fields, self.normalisers, self.layout.sources, strict=True):
            if _scattered(source):
                normal = normaliser.forward(field).reshape(-1)
                parts.append(jnp.where(jnp.isfinite(normal), normal, 0.0))
        return jnp.concatenate(parts) if parts else jnp.zeros(0, phases.dtype)

    def sequence(self, predictors: Predictors) -> Frames:
        """One frame a time, at the offset nearest to the time itself: what is pretrained on."""
        nearest = min(range(len(self.offsets)), key=lambda i: abs(self.offsets[i]))
        return Frames(_sequence(self, predictors.fields, nearest), predictors.segment)


@eqx.filter_jit
def _sequence(reader: FrameReader, fields: tuple[Array, ...], nearest: int) -> Array:
    return jax.vmap(lambda f: reader.frames(f)[nearest])(fields)


def _anomalies(fields: Float[Array, "time channel *place"]) -> Normaliser:
    """Mean at each cell, one standard deviation a channel."""
    plain, values = Normaliser.of(fields), np.asarray(fields)
    seen, found, _ = moments(values, (0,))
    mean = np.where(seen > 0, found, np.asarray(plain.mean)).astype(values.dtype)
    spread = moments(values - mean, (0, *range(2, values.ndim)))[2]
    std = np.where(spread > 1e-6 * np.asarray(plain.std), spread, 1.0)
    return Normaliser(jnp.asarray(mean), jnp.asarray(std, mean.dtype), plain.transforms)


def _scattered(source) -> bool:
    return not isinstance(source.place, Grid)
