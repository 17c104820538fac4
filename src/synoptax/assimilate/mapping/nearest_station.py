"""The value of the nearest station."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ...records import Estimate
from .base import AbstractMapping, distances


class NearestStation(AbstractMapping):
    """x(s) = y(i), i the nearest station that has a value.

    When to use: the first row of a table. When not: anything else. Cost: the distances.

    **Good values:** none to choose. The variance is one; wrap it in `Calibrated`.

    **Fails when:** the field varies between stations; maps have steps.

    Reference: Thiessen (1911), doi:10.1175/1520-0493(1911)39<1082b:PAFLA>2.0.CO;2.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"exact_at_stations", "ignores_missing", "unit_free"})
    cite: ClassVar[str] = "Thiessen (1911), Precipitation averages for large areas"

    @classmethod
    def example(cls) -> "NearestStation":
        return cls()

    def tuned(self, values: Float[Array, "time station"], stations: Float[Array, "station axis"]) -> "NearestStation":
        del values, stations
        return self

    def at(
        self,
        values: Float[Array, " station"],
        mask: Bool[Array, " station"],
        stations: Float[Array, "station axis"],
        targets: Float[Array, "target axis"],
    ) -> Estimate:
        mean = _nearest(values, mask, distances(targets, stations))
        return Estimate(mean, jnp.ones_like(mean))

    def others(
        self, values: Float[Array, " station"], mask: Bool[Array, " station"], stations: Float[Array, "station axis"]
    ) -> Estimate:
        apart = jnp.where(jnp.eye(values.size, dtype=bool), jnp.inf, distances(stations, stations))
        mean = _nearest(values, mask, apart)
        return Estimate(mean, jnp.ones_like(mean))


def _nearest(values: Array, mask: Array, distance: Array) -> Array:
    return values[jnp.argmin(jnp.where(mask[None], distance, jnp.inf), axis=1)]
