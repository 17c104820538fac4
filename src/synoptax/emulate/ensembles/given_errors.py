"""Errors that are known as fields."""

from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError
from .base import AbstractErrors


class GivenErrors(AbstractErrors):
    """Fields that you bring, one a member: errors with a structure in space and between variables.

    When to use: members of an analysis less their mean, differences of training fields, draws of a covariance of
    `synoptax.observe`. When not: there is nothing to take them from; then `WhiteErrors`. Cost: nothing.

    **Arguments:**
    - `fields`: shape (count, channel, *place), physical units; member m takes field m. For other errors at another
      initial time give other fields, under `jax.vmap` as well.

    **Good values:** `0.05 * (fields[i] - fields[j])` for training times i, j drawn at random: balanced as the fields
    are, and 0.07 standard deviations large.

    **Fails when:** fields are all of one sign: the mean of the members is then off by their mean.

    Reference: Magnusson, Nycander & Källén (2009), doi:10.1111/j.1600-0870.2008.00385.x, of differences of fields.
    """

    fields: Float[Array, "count channel *place"]

    def draw(
        self, size: int, spread: Float[Array, "channel *place"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "member channel *place"]:
        """The first so many.

        **Raises:** `InputError` when there are fewer, or they have another shape than the model's fields.
        """
        del key
        count, shape = self.fields.shape[0], self.fields.shape[1:]
        if shape != spread.shape or count < size:
            raise InputError(
                f"{size} members of this model need as many errors of shape {spread.shape}; given {count} of shape "
                f"{shape}."
            )
        return self.fields[:size]
