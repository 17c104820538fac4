"""From what an encoder says of the coarse fields to one row of the target."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from ..fields import Grid, regrid
from ..learn.networks import Conv, Encoder, Encoding, ResNet, padding_of
from ..records import Task
from .frames import FrameReader
from .network import Lift, flat

Reading = tuple[Array, Array, Array | None]  # frames, extras, stack of predictors on the fine grid
_SPAN = 3  # coarse cells along a side from which on a fine grid is drawn by convolutions


class AbstractDecoder(eqx.Module):
    """How fine anomalies are made of encodings. Fields are settings."""

    @abc.abstractmethod
    def lift(self, task: Task, *, who: str) -> Lift | None:
        """What it wants to see of the predictors on the fine grid, if anything.

        **Raises:** `InputError` when it cannot serve the places of the task.
        """

    @abc.abstractmethod
    def layer(self, encoder: Encoder, reader: FrameReader, lift: Lift | None, *, key: PRNGKeyArray) -> PyTree:
        """A module that maps (encodings, extras, stack) of one time to a row of channels x cells.

        Encodings come stacked, one for each neighbouring time.
        """


class FieldDecoder(AbstractDecoder):
    """Convolutions on the fine grid, on the encoder's maps and the predictors themselves, both interpolated there.

    When to use: a fine grid that spans many coarse cells. When not: stations, or a small fine domain under a large
    coarse one. Cost: 18 x fine cells x width² x 2 depth multiply-adds a field.

    **Arguments:**
    - `width`, `depth`: channels and residual blocks; `dropout`: in the blocks.
    """

    width: int = eqx.field(static=True, default=32)
    depth: int = eqx.field(static=True, default=2)
    dropout: float = eqx.field(static=True, default=0.1)

    def lift(self, task: Task, *, who: str) -> Lift | None:
        """All predictors on the fine grid."""
        return Lift.of(task, who=f"{who} with a FieldDecoder")

    def layer(self, encoder: Encoder, reader: FrameReader, lift: Lift | None, *, key: PRNGKeyArray) -> PyTree:
        """A narrowing convolution on the maps, the interpolation, a residual network."""
        layout = reader.layout
        if lift is None or not isinstance(layout.place, Grid):
            raise InputError("A FieldDecoder draws on grids; for stations use a PlaceDecoder.")
        first, second = jax.random.split(key)
        padding = padding_of(layout.place)
        return _Drawer(
            Conv(
                encoder.map_channels * len(reader.offsets),
                self.width,
                size=1,
                padding=padding_of(reader.grid),
                key=first,
            ),
            regrid.Bilinear(clamp=True).between(reader.grid, layout.place),
            ResNet(
                self.width + lift.channels,
                len(layout.channels),
                width=self.width,
                depth=self.depth,
                padding=padding,
                dropout=self.dropout,
                key=second,
            ),
        )


class PlaceDecoder(AbstractDecoder):
    """One linear regression per place on a few hidden numbers that all places share.

    Features: each neighbouring time's vector and maps, the maps narrowed to `channels`; phases of year and day.
    h = W features; row = V [h, GELU(h)].

    When to use: stations, or a fine domain of few coarse cells. When not: a global fine grid (V grows with it). Cost:
    hidden x (features + 2 x channels x cells) multiply-adds a time.

    **Arguments:**
    - `hidden`: numbers that all places share; `channels`: of the narrowed maps; `dropout`: on the features.
    """

    hidden: int = eqx.field(static=True, default=64)
    channels: int = eqx.field(static=True, default=4)
    dropout: float = eqx.field(static=True, default=0.2)

    def lift(self, task: Task, *, who: str) -> Lift | None:
        """Nothing."""
        del task, who
        return None

    def layer(self, encoder: Encoder, reader: FrameReader, lift: Lift | None, *, key: PRNGKeyArray) -> PyTree:
        """The narrowing convolution and two matrices."""
        del lift
        first, second, third = jax.random.split(key, 3)
        cells = encoder.shape[0] * encoder.shape[1]
        features = len(reader.offsets) * (encoder.dimension + self.channels * cells) + reader.extras
        outputs = len(reader.layout.channels)
        for n in reader.layout.place.shape:
            outputs *= n
        last = eqx.nn.Linear(2 * self.hidden, outputs, key=third)
        return _Regressor(
            Conv(encoder.map_channels, self.channels, size=1, padding=padding_of(reader.grid), key=first),
            eqx.nn.Linear(features, self.hidden, key=second),
            eqx.tree_at(lambda m: (m.weight, m.bias), last, (0.1 * last.weight, jnp.zeros_like(last.bias))),
            eqx.nn.Dropout(self.dropout),
        )


class SuitedDecoder(AbstractDecoder):
    """Convolutions where the fine grid spans three or more coarse cells each way, one regression per place elsewhere.

    **Arguments:**
    - `field`, `place`: the two it chooses from.
    """

    field: FieldDecoder = FieldDecoder()
    place: PlaceDecoder = PlaceDecoder()

    def lift(self, task: Task, *, who: str) -> Lift | None:
        """What the chosen one wants."""
        fine = task.layout.place
        coarse = [s.place for s in task.layout.sources]
        wide = isinstance(fine, Grid) and all(isinstance(c, Grid) and _spans(fine, c) for c in coarse)
        return (self.field if wide else self.place).lift(task, who=who)

    def layer(self, encoder: Encoder, reader: FrameReader, lift: Lift | None, *, key: PRNGKeyArray) -> PyTree:
        """The layer of the chosen one."""
        return (self.place if lift is None else self.field).layer(encoder, reader, lift, key=key)


def _spans(fine: Grid, coarse: Grid) -> bool:
    if fine.crs != coarse.crs:
        return False  # degrees against metres: sides do not compare
    pairs = ((fine.y, coarse.y), (fine.x, coarse.x))
    return all((f.edges[-1] - f.edges[0]) * len(c) >= _SPAN * (c.edges[-1] - c.edges[0]) for f, c in pairs)


class _Drawer(eqx.Module):
    narrow: Conv
    lift: regrid.LinearMap
    network: ResNet

    def __call__(
        self, encodings: Encoding, extra: Array, stack: Float[Array, "y x channel"], *, key: PRNGKeyArray | None
    ) -> Float[Array, " cell"]:
        del extra  # the stack holds the phases
        maps = jnp.concatenate(list(jax.vmap(Encoding.stacked)(encodings)), axis=-1)
        fine = jnp.moveaxis(self.lift.complete(jnp.moveaxis(jax.nn.gelu(self.narrow(maps)), -1, 0)), 0, -1)
        return flat(self.network(jnp.concatenate([fine, stack], axis=-1), key=key))


class _Regressor(eqx.Module):
    narrow: Conv
    share: eqx.nn.Linear
    place: eqx.nn.Linear
    dropout: eqx.nn.Dropout

    def __call__(
        self, encodings: Encoding, extra: Array, stack: None, *, key: PRNGKeyArray | None
    ) -> Float[Array, " cell"]:
        del stack
        maps = jax.vmap(self.narrow)(jax.vmap(Encoding.stacked)(encodings))
        features = jnp.concatenate([encodings.vector.reshape(-1), maps.reshape(-1), extra])
        hidden = self.share(self.dropout(features, key=key))
        return self.place(jnp.concatenate([hidden, jax.nn.gelu(hidden)]))
