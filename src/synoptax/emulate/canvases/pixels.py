"""Noise on the cells of the field."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from ...learn.generate import DenoisingError
from .base import AbstractOnCells, Drawing


class Pixels(AbstractOnCells):
    """The field as it is, and a `ConditionedUNet`.

    When to use: first. When not: fields whose small scales hold little variance and matter. Cost: of the network.

    **Arguments:**
    - `width`, `levels`: of the network.

    **Good values:** width 16 to 32, 3 levels.

    **Fails when:** small scales are weak: they are learned last.

    Reference: none needed.
    """

    gaps: ClassVar[bool] = True

    width: int = eqx.field(static=True, default=16)
    levels: int = eqx.field(static=True, default=3)

    def drawing(
        self,
        fields: Float[Array, "sample y x channel"],
        conditions: Float[Array, "sample y x input"],
        dropout: float,
        areas: Float[Array, "y x 1"] | None,
    ) -> Drawing:
        """Nothing to scale."""
        del fields, conditions
        return Drawing(same, same, same, DenoisingError(dropout, weights=areas))


def same(field: Array) -> Array:
    """The field itself."""
    return field
