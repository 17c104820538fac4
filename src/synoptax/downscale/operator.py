"""What the operator networks share: predictors on one coarse grid, places as coordinates, training, the model."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Monitor
from ..fields import Grid, Normaliser, Place, regrid
from ..fields.climatology import usable_harmonics
from ..learn import MeanSquaredError
from ..learn.chunks import Inputs, in_chunks
from ..learn.method import AbstractDeterministic, AbstractMethod
from ..learn.training import Training
from ..records import Layout, Predictors, Task
from .target import Target


class CoarseStack(eqx.Module):
    """Predictors of one time as one stack on the grid of the first source: (y, x, channel), normalised.

    Channels: those of every source, brought to that grid by registered bilinear interpolation, then cosines and sines
    of the phases.
    """

    normalisers: tuple[Normaliser, ...]
    maps: tuple[regrid.LinearMap | None, ...]
    shape: tuple[int, int, int] = eqx.field(static=True)
    cycle: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, task: Task, *, who: str) -> "CoarseStack":
        """Maps and training statistics.

        **Raises:** `InputError` when a source is not a grid.
        """
        sources, predictors = task.layout.sources, task.train.predictors
        places = [s.place for s in sources if isinstance(s.place, Grid)]
        if len(places) < len(sources):
            raise InputError(
                f"{who} reads gridded predictors and was given stations; choose Ridge or a regression like it."
            )
        maps = tuple(None if p == places[0] else regrid.Bilinear(clamp=True).between(p, places[0]) for p in places)
        cycle = usable_harmonics(np.asarray(predictors.phases))
        channels = sum(f.shape[1] for f in predictors.fields) + 2 * sum(cycle)
        normalisers = tuple(Normaliser.of(f) for f in predictors.fields)
        return cls(normalisers, maps, (*places[0].shape, channels), cycle)

    def __call__(self, inputs: Inputs) -> Float[Array, "y x channel"]:
        """The stack of one time."""
        fields, phases = inputs
        normal = [n.forward(f) for n, f in zip(self.normalisers, fields, strict=True)]
        parts = [f if m is None else m(f) for m, f in zip(self.maps, normal, strict=True)]
        stack = jnp.moveaxis(jnp.concatenate(parts, axis=0), 0, -1)
        stack = jnp.where(jnp.isfinite(stack), stack, 0.0)
        waves = [
            wave(k * phases[i])
            for i, n in enumerate(self.cycle)
            for k in range(1, n + 1)
            for wave in (jnp.cos, jnp.sin)
        ]
        constant = jnp.broadcast_to(jnp.asarray(waves, stack.dtype), (*stack.shape[:2], len(waves)))
        return jnp.concatenate([stack, constant], axis=-1)


class OperatorModel(AbstractDeterministic):
    """A fitted operator network on anomalies from a base prediction.

    **Arguments:**
    - `stack`: predictors to what the network reads.
    - `network`: one field to one row of `target`.
    - `log`: the training log, for the report.
    """

    layout: Layout
    target: Target
    stack: CoarseStack
    network: PyTree
    log: dict[str, np.ndarray]

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The network's anomalies on top of the base, back in physical units."""
        rows = in_chunks(lambda inputs: _apply(self.stack, self.network, inputs), predictors)
        return self.target.fields(rows, predictors)


@eqx.filter_jit
def _apply(stack: CoarseStack, network: PyTree, inputs: Inputs) -> Float[Array, "time cell"]:
    return jax.vmap(lambda x: network(stack(x)))(inputs)


def sphere(place: Place) -> Float[np.ndarray, "place 3"]:
    """Unit vectors to the centres of cells or stations: coordinates without a seam or a pole."""
    lat, lon = (np.deg2rad(np.asarray(c)).ravel() for c in place.coordinates())
    return np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def coordinates(task: Task, *, octaves: int) -> Float[Array, "place feature"]:
    """What a trunk knows of each place: x, y, z on the sphere, scaled to the region; sines and cosines of 2^k π times
    them for k below `octaves`; static fields.
    """
    xyz = sphere(task.layout.place)
    centred = xyz - (xyz.max(axis=0) + xyz.min(axis=0)) / 2
    scaled = centred / max(float(np.abs(centred).max()), 1e-12)
    angles = np.concatenate([2.0**k * np.pi * scaled for k in range(octaves)] or [scaled[:, :0]], axis=1)
    static = np.asarray(task.train.predictors.static)
    static = static.reshape(static.shape[0], len(xyz)).T
    with np.errstate(invalid="ignore"):
        static = (static - np.nanmean(static, axis=0)) / np.maximum(np.nanstd(static, axis=0), 1e-12)
    parts = [scaled, np.sin(angles), np.cos(angles), np.nan_to_num(static)]
    return jnp.asarray(np.concatenate(parts, axis=1), task.train.truth.dtype)


def offsets(source: Grid, place: Place) -> Float[np.ndarray, "place 2"]:
    """How far east and north of the nearest coarse centre a place is, in units of the mean cell width."""
    centres = sphere(source)
    nearest = regrid.Nearest(clamp=True).between(source, place)
    there = np.stack([np.asarray(nearest(jnp.asarray(c.reshape(source.shape)))).ravel() for c in centres.T], axis=1)
    here = sphere(place)
    east = np.stack([-here[:, 1], here[:, 0], np.zeros(len(here))], axis=1)
    east /= np.maximum(np.linalg.norm(east, axis=1, keepdims=True), 1e-12)
    north = np.cross(here, east)
    width = np.linalg.norm(np.diff(centres.reshape(*source.shape, 3), axis=0), axis=-1).mean()
    moved = (here - there) / max(float(width), 1e-12)
    return np.stack([(moved * east).sum(axis=1), (moved * north).sum(axis=1)], axis=1)


def train_operator(
    task: Task,
    base: AbstractMethod | None,
    build: Callable[[CoarseStack, PRNGKeyArray], PyTree],
    *,
    training: Training,
    who: str,
    key: PRNGKeyArray,
    monitor: Monitor,
) -> OperatorModel:
    """Fits the base, then the network to what it leaves over; keeps the weights that validate best."""
    base_key, net_key, fit_key = jax.random.split(key, 3)
    stack = CoarseStack.of(task, who=who)
    fitted = None if base is None else base.fit(task, key=base_key, monitor=monitor.within("base"))
    target = Target.of(task.train, task.layout, fitted)
    network = build(stack, net_key)
    trainable = eqx.tree_at(
        lambda n: n.trunk.places, jax.tree.map(eqx.is_inexact_array, network), False
    )  # weight decay would shrink the coordinates
    result = training.fit(
        network,
        MeanSquaredError(target.weights(), stack),
        ((task.train.predictors.fields, task.train.predictors.phases), target.rows(task.train)),
        key=fit_key,
        valid=((task.valid.predictors.fields, task.valid.predictors.phases), target.rows(task.valid)),
        trainable=trainable,
        monitor=monitor,
    )
    return OperatorModel(task.layout, target, stack, result.model, result.log)
