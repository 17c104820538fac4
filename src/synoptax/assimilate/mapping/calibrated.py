"""Variances that match the errors at stations left out."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ...core import InputError
from ...records import Estimate
from .base import AbstractMapping, distances
from .kriging import Kriging


class Calibrated(AbstractMapping):
    """A map with its variance multiplied by what the network says about it, time by time and place by place.

    With z_it the error of station i, predicted from the others, over its promised standard deviation:
    v(s, t) = v₀(s, t) · a(s) · (n₀ + Σ_i z²_it / a(s_i)) / (n₀ + Σ_i 1). a(s) is the mean of z² in time, averaged over
    the stations with weights exp(−r² / 2 L²) around s, and over all stations with the weight `share` of one of them.

    When to use: errors whose size changes with the weather and the terrain. When not: networks of a few stations.
    Cost: predicting every station from the others, once for each time.

    **Arguments:**
    - `mapping`: any other method; its mean is kept.
    - `place`: mean squared z of every station in time; `tuned` fills it in, None is one everywhere.
    - `reach`: L, in the unit of the coordinates.
    - `share`: weight of the network's mean, in stations.
    - `prior`: n₀, in stations.

    **Good values:** the distance between stations for `reach`, half a station for `share`, twenty for `prior`.

    **Fails when:** stations are more alike than the places of the map are to them: on mountains without stations errors
    are larger than any station left out shows.

    Reference: Gneiting, Balabdaoui and Raftery (2007), doi:10.1111/j.1467-9868.2007.00587.x, on calibration.
    """

    mapping: AbstractMapping
    place: Float[Array, " station"] | None = None
    reach: float = 100.0
    share: float = 0.5
    prior: float = 20.0

    claims: ClassVar[frozenset[str]] = frozenset({"exact_at_stations", "ignores_missing", "unit_free"})
    cite: ClassVar[str] = "Gneiting, Balabdaoui and Raftery (2007), doi:10.1111/j.1467-9868.2007.00587.x"

    def __check_init__(self) -> None:
        if min(self.reach, self.share, self.prior) <= 0:
            raise InputError("Reach, share and prior of Calibrated must be positive.")

    @classmethod
    def example(cls) -> "Calibrated":
        return cls(Kriging.example(), reach=1.0)

    def tuned(self, values: Float[Array, "time station"], stations: Float[Array, "station axis"]) -> "Calibrated":
        """The mapping tuned, then the mean squared z of every station; stations without values have NaN."""
        mapping = self.mapping.tuned(values, stations)
        left = mapping.left_out(values, stations)
        place = jnp.nanmean((values - left.mean) ** 2 / left.variance, axis=0)
        return Calibrated(mapping, place, self.reach, self.share, self.prior)

    def at(
        self,
        values: Float[Array, " station"],
        mask: Bool[Array, " station"],
        stations: Float[Array, "station axis"],
        targets: Float[Array, "target axis"],
    ) -> Estimate:
        found = self.mapping.at(values, mask, stations, targets)
        day = jnp.sum(self._relative(values, mask, stations))
        factor = (self.prior + day) / (self.prior + jnp.sum(mask))
        return Estimate(found.mean, found.variance * factor * self._factors(distances(targets, stations)))

    def others(
        self, values: Float[Array, " station"], mask: Bool[Array, " station"], stations: Float[Array, "station axis"]
    ) -> Estimate:
        found = self.mapping.others(values, mask, stations)
        each = self._relative(values, mask, stations)
        factor = (self.prior + jnp.sum(each) - each) / (self.prior + jnp.sum(mask) - mask)
        return Estimate(found.mean, found.variance * factor * self._factors(self._apart(stations)))

    def _relative(self, values: Array, mask: Array, stations: Array) -> Array:
        """z² over what is usual around the station, zero where it is missing."""
        left = self.mapping.others(values, mask, stations)
        usual = self._factors(self._apart(stations))
        z = jnp.where(mask, (values - left.mean) ** 2 / (left.variance * usual), 0.0)
        return jnp.where(jnp.isfinite(z), z, 1.0)

    def _apart(self, stations: Array) -> Array:
        """Distances of stations, each infinitely far from itself: its own errors must not vouch for it."""
        return jnp.where(jnp.eye(len(stations), dtype=bool), jnp.inf, distances(stations, stations))

    def _factors(self, distance: Float[Array, "target station"]) -> Float[Array, " target"]:
        """a(s)."""
        if self.place is None:
            return jnp.ones(distance.shape[0], distance.dtype)
        there = jnp.isfinite(self.place)
        place = jnp.where(there, self.place, 0.0).astype(distance.dtype)
        whole = jnp.sum(place) / jnp.maximum(jnp.sum(there), 1)
        weights = jnp.where(there[None], jnp.exp(-0.5 * (distance / self.reach) ** 2), 0.0)
        return (self.share * whole + weights @ place) / (self.share + jnp.sum(weights, axis=1))
