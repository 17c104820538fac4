"""Members from initial fields that differ."""

import equinox as eqx
import jax
from jaxtyping import Array, Float, PRNGKeyArray

from .base import AbstractErrors, AbstractOfOneModel, Model, counted, latest


class Perturbed(AbstractOfOneModel):
    """Runs from the newest field with errors, the same at all times of the past.

    x_m(t₀) = x(t₀) + e_m. When to use: the initial field is known up to errors whose size you know, and the model
    makes them grow. When not: the model's own errors are larger than those of the initial field, as a network's mostly
    are: members then stay too close; `SeveralSeeds` or `Drawn` are for that. Cost: one run a member.

    **Arguments:**
    - `model`: what is run.
    - `size`: number of members; none of them is the run without errors.
    - `errors`: `WhiteErrors(0.05)`, or `GivenErrors` with structure in space.

    **Good values:** errors as large as those of the analysis that gives the initial field, and correlated as they are.

    **Fails when:** errors are white and the model smooths them away: the spread falls before it grows, if it does.

    Reference: Leith (1974), doi:10.1175/1520-0493(1974)102<0409:TSOMCF>2.0.CO;2.
    """

    model: Model
    size: int = eqx.field(static=True)
    errors: AbstractErrors

    def __check_init__(self) -> None:
        counted(self.size)

    @property
    def lags(self) -> tuple[int, ...]:
        """All begin at the newest field."""
        return (0,) * self.size

    def pasts(
        self, past: Float[Array, "time channel *place"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "member history channel *place"]:
        """The newest fields and one error a member."""
        own, errors = latest(past, self.needs), self.errors.draw(self.size, self.model.spread, key=key)
        return jax.vmap(lambda error: own + error[None])(errors)
