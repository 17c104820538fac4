"""Members from initial times that differ."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .base import AbstractOfOneModel, Model, counted, latest


class Lagged(AbstractOfOneModel):
    """Runs from the newest field, from the one a step before, and so on, shown at the same times.

    When to use: nothing is known of the errors of the initial field; those of short forecasts stand in for them, with
    their structure, for nothing. When not: the model's error in a step is large: the oldest members are then worse by
    more than they add, and so is their mean. Cost: one run a member, and as many steps more as the oldest one lags.

    **Arguments:**
    - `model`: what is run.
    - `size`: number of members; the past must have `size - 1` fields more than the history of the model.

    **Good values:** three or four, less than the time in which an error doubles.

    **Fails when:** members count alike although older ones are worse. A `PlannedEmulator` plans at every step, because
    its members' plans begin at different times.

    Reference: Hoffman & Kalnay (1983), doi:10.1111/j.1600-0870.1983.tb00189.x.
    """

    model: Model
    size: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        counted(self.size)

    @property
    def lags(self) -> tuple[int, ...]:
        """Zero, one, two, ..."""
        return tuple(range(self.size))

    def pasts(
        self, past: Float[Array, "time channel *place"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "member history channel *place"]:
        """The fields before each initial time."""
        del key
        given, history = latest(past, self.needs), self.model.history
        return jnp.stack([given[self.needs - history - lag : self.needs - lag] for lag in self.lags])
