"""Members that a model draws itself."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from ...learn import AbstractDeterministic
from ..planned import PlannedEmulator
from .base import AbstractOfOneModel, Model, counted, latest


class Drawn(AbstractOfOneModel):
    """Runs from the same field, each step one draw of the model's predictive distribution.

    When to use: generative emulators, Gaussian processes and linear inverse models: what they do not know of the next
    step is what members differ by. When not: the initial field has large errors of its own. Cost: one run a member, at
    the price of a draw.

    **Arguments:**
    - `model`: of a forecast with a predictive distribution.
    - `size`: number of members.

    **Good values:** 8 to look, 20 and more to score tails.

    **Fails when:** errors of successive steps are correlated: draws that know nothing of each other spread too slowly.

    Reference: Price et al. (2025), doi:10.1038/s41586-024-08252-9, of a generative model in this use.
    """

    model: Model
    size: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        counted(self.size)
        forecast = (self.model.emulator if isinstance(self.model, PlannedEmulator) else self.model).forecast
        if isinstance(forecast, AbstractDeterministic):
            raise InputError(
                "This model has no predictive distribution, so its members would be alike; take Perturbed, Lagged or "
                "SeveralSeeds."
            )

    @property
    def lags(self) -> tuple[int, ...]:
        """All begin at the newest field."""
        return (0,) * self.size

    def pasts(
        self, past: Float[Array, "time channel *place"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "member history channel *place"]:
        """The same for all.

        **Raises:** `InputError` without a key.
        """
        if key is None:
            raise InputError("Members are drawn and there is no key; pass key= to forecast.")
        own = latest(past, self.needs)
        return jnp.broadcast_to(own[None], (self.size, *own.shape))
