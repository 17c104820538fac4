"""The type of this folder: a map of one time from the stations of that time."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from ...fields import Place
from ...observe.covariances.kernel import RADIUS
from ...records import Estimate

Coordinates = Float[Array | np.ndarray, "station axis"]


class AbstractMapping(eqx.Module):
    """From values at stations to values and variances at other places; every time by itself, NaN where missing.

    Coordinates are Cartesian, in any unit (`on_sphere` gives kilometres); values have any unit. Whatever the network
    does over time, for instance stations that are withheld, is written as NaN. Class-level facts: `claims` (promises
    that `tests/laws` checks), `cite` and `example()`.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractMapping":
        """A small instance for distances of order one."""

    @abc.abstractmethod
    def tuned(self, values: Float[Array, "time station"], stations: Float[Array, "station axis"]) -> "AbstractMapping":
        """The same method with its settings found from these values alone; without settings, itself."""

    @abc.abstractmethod
    def at(
        self,
        values: Float[Array, " station"],
        mask: Bool[Array, " station"],
        stations: Float[Array, "station axis"],
        targets: Float[Array, "target axis"],
    ) -> Estimate:
        """Mean and variance at the targets, at one time; `values` are zero where `mask` is False."""

    @abc.abstractmethod
    def others(
        self, values: Float[Array, " station"], mask: Bool[Array, " station"], stations: Float[Array, "station axis"]
    ) -> Estimate:
        """Mean and variance at every station from all stations but itself; where it is missing they are not used."""

    def map(self, values: Float[Array, "time station"], stations: Coordinates, targets: Coordinates) -> Estimate:
        """Mean and variance at the targets, shape (time, target).

        **Arguments:**
        - `values`: NaN or infinite where missing.

        **Raises:** `InputError` for shapes that do not fit, stations at one position, a time without any value.
        """
        values, stations, targets = _checked(values, stations, targets)
        return _at(self, values, stations, targets)

    def left_out(self, values: Float[Array, "time station"], stations: Coordinates) -> Estimate:
        """Mean and variance at the stations, each from the others; shape (time, station), NaN where nothing was seen.

        **Raises:** as `map`.
        """
        values, stations, _ = _checked(values, stations, stations)
        return _others(self, values, stations)


def on_sphere(place: Place) -> Float[np.ndarray, "place 3"]:
    """Cartesian coordinates in kilometres; their distances are chords."""
    lat, lon = (np.deg2rad(np.ravel(c)) for c in place.coordinates())
    return RADIUS * np.stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)], axis=1)


def distances(one: Float[Array, "a axis"], other: Float[Array, "b axis"]) -> Float[Array, "a b"]:
    """Between all pairs; its derivative is finite where places coincide."""
    square = jnp.sum((one[:, None, :] - other[None, :, :]) ** 2, axis=-1)
    apart = square > 0
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, square, 1.0)), 0.0)


def seen(values: Float[Array, "*shape"]) -> tuple[Float[Array, "*shape"], Bool[Array, "*shape"]]:
    """Values with zeros for what is missing, and where they are not."""
    mask = jnp.isfinite(values)
    return jnp.where(mask, values, 0.0), mask


# Times follow each other in `jax.lax.map`: batched factorisations may wait for each other, see `roots.after`.
@eqx.filter_jit
def _at(mapping: AbstractMapping, values: Array, stations: Array, targets: Array) -> Estimate:
    return jax.lax.map(lambda day: mapping.at(day[0], day[1], stations, targets), seen(values))


@eqx.filter_jit
def _others(mapping: AbstractMapping, values: Array, stations: Array) -> Estimate:
    found = jax.lax.map(lambda day: mapping.others(day[0], day[1], stations), seen(values))
    return jax.tree.map(lambda x: jnp.where(jnp.isfinite(values), x, jnp.nan), found)


def _checked(values, stations, targets) -> tuple[Array, Array, Array]:
    """Arrays of one type. What they hold can only be judged outside compiled code."""
    stations, targets = jnp.asarray(stations), jnp.asarray(targets)
    values = jnp.asarray(values)
    fits = values.ndim == 2 and stations.ndim == 2 and values.shape[1] == stations.shape[0]
    if not fits or targets.ndim != 2 or targets.shape[1] != stations.shape[1]:
        raise InputError(
            f"Values of shape {values.shape} need stations (station, axis) and targets (target, axis); given "
            f"{stations.shape} and {targets.shape}."
        )
    if not any(isinstance(x, jax.core.Tracer) for x in (values, stations)):
        _judged(np.asarray(values), np.asarray(stations))
    dtype = jnp.result_type(values, float)
    return values.astype(dtype), stations.astype(dtype), targets.astype(dtype)


def _judged(values: np.ndarray, stations: np.ndarray) -> None:
    if not np.all(np.isfinite(stations)):
        raise InputError("Some stations have no finite coordinates; leave them out.")
    _, first, number = np.unique(stations, axis=0, return_index=True, return_inverse=True)
    twice = np.flatnonzero(first[np.ravel(number)] != np.arange(len(stations)))
    if twice.size:
        other = int(first[np.ravel(number)[twice[0]]])
        raise InputError(
            f"Stations number {other} and {twice[0]} are at the same position; average them or leave one out."
        )
    empty = ~np.isfinite(values).any(axis=1)
    if empty.any():
        raise InputError(
            f"{empty.sum()} times have no value at any station, the first is number {np.argmax(empty)}; leave them out."
        )
