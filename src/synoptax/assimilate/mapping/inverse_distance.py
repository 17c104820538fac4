"""Averages of stations, the near ones counting more."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ...core import InputError
from ...records import Estimate
from .base import AbstractMapping, distances, seen


class InverseDistance(AbstractMapping):
    """x(s) = Σ_i w_i y_i / Σ_i w_i with w_i = |s − s_i|^(−p).

    `tuned` takes the power among `powers` that predicts stations best from the others. When to use: a baseline that
    every reader knows. When not: clustered stations, which all count; kriging shares their weight. Cost: the distances.

    **Arguments:**
    - `power`: p.
    - `powers`: what `tuned` tries.

    **Good values:** powers from 3 to 5 for dense networks and smooth fields. The variance is one; wrap
    it in `Calibrated`.

    **Fails when:** stations are clustered, or noisy: it passes through every one of them.

    Reference: Shepard (1968), doi:10.1145/800186.810616.
    """

    power: float | Float[Array, ""] = 3.0
    powers: tuple[float, ...] = eqx.field(static=True, default=(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0))

    claims: ClassVar[frozenset[str]] = frozenset({"exact_at_stations", "ignores_missing", "unit_free"})
    cite: ClassVar[str] = "Shepard (1968), A two-dimensional interpolation function, doi:10.1145/800186.810616"

    def __check_init__(self) -> None:
        if not self.powers or min(self.powers) <= 0:
            raise InputError(f"Powers of the inverse distance must be positive; given {self.powers}.")

    @classmethod
    def example(cls) -> "InverseDistance":
        return cls(2.0)

    def tuned(self, values: Float[Array, "time station"], stations: Float[Array, "station axis"]) -> "InverseDistance":
        return _best(self, jnp.asarray(values), jnp.asarray(stations))

    def at(
        self,
        values: Float[Array, " station"],
        mask: Bool[Array, " station"],
        stations: Float[Array, "station axis"],
        targets: Float[Array, "target axis"],
    ) -> Estimate:
        mean = self._averaged(values, mask, distances(targets, stations))
        return Estimate(mean, jnp.ones_like(mean))

    def others(
        self, values: Float[Array, " station"], mask: Bool[Array, " station"], stations: Float[Array, "station axis"]
    ) -> Estimate:
        apart = jnp.where(jnp.eye(values.size, dtype=bool), jnp.inf, distances(stations, stations))
        mean = self._averaged(values, mask, apart)
        return Estimate(mean, jnp.ones_like(mean))

    def _averaged(self, values: Array, mask: Array, distance: Array) -> Array:
        """Distances relative to the nearest, so that no power overflows; at a station, that station alone."""
        there = jnp.where(mask[None], distance, jnp.inf)
        least = jnp.min(there, axis=1, keepdims=True)
        ratio = jnp.where(least > 0, least / jnp.where(there > 0, there, 1.0), (there == 0).astype(distance.dtype))
        weights = jnp.where(mask[None], ratio**self.power, 0.0)
        return weights @ values / jnp.sum(weights, axis=1)


@eqx.filter_jit
def _best(method: InverseDistance, values: Array, stations: Array) -> InverseDistance:
    """The power with the least squared error of stations from the others."""
    given, mask = seen(values)

    def miss(power: Array) -> Array:
        trial = InverseDistance(power, method.powers)
        found = jax.lax.map(lambda day: trial.others(day[0], day[1], stations).mean, (given, mask))
        return jnp.mean(jnp.where(mask, jnp.nan_to_num(found) - given, 0.0) ** 2)

    powers = jnp.asarray(method.powers, given.dtype)
    return InverseDistance(powers[jnp.argmin(jax.lax.map(miss, powers))], method.powers)
