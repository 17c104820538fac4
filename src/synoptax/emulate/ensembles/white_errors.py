"""Errors that know nothing of each other."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .base import BEFORE, AbstractErrors, keys_of


class WhiteErrors(AbstractErrors):
    """Independent normal errors on every cell and channel: e = a s z.

    When to use: as a first look at how fast a model makes errors grow. When not: as a stand-in for the errors of an
    analysis, which are correlated. Cost: nothing.

    **Arguments:**
    - `amount`: a, as a share of the standard deviation s of the training fields.

    **Good values:** 0.05 where initial fields are analyses.

    **Fails when:** the model has never seen noise on single cells: it may smooth it away, or answer with anything.

    Reference: none needed.
    """

    amount: float = eqx.field(static=True)

    def __check_init__(self) -> None:
        if not self.amount > 0:
            raise InputError(f"The size of white errors must be positive, such as 0.05; given {self.amount:g}.")

    def draw(
        self, size: int, spread: Float[Array, "channel *place"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "member channel *place"]:
        """None where there is no place.

        **Raises:** `InputError` without a key.
        """
        if key is None:
            raise InputError("White errors are drawn and there is no key; pass key= to forecast.")
        scale = self.amount * jnp.where(jnp.isfinite(spread), spread, 0.0)

        def one(own: PRNGKeyArray) -> Array:
            return scale * jax.random.normal(jax.random.fold_in(own, BEFORE), scale.shape, scale.dtype)

        return jax.vmap(one)(keys_of(key, size))
