"""Several instruments side by side."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float, PyTree

from ..core import InputError
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal, Stacked
from .nonlinear import Nonlinear
from .sites import Sites


class Joined(AbstractObservation):
    """y = (y₁, y₂, …): operators one after another, their errors independent of each other.

    When to use: stations and satellites together. When not: errors that are correlated between instruments. Costs the
    sum of its parts.

    **Arguments:**
    - `operators`: at least one; their places must have the same axes.

    **Good values:** `Joined((Sites(...), Averaged(...)))`.

    **Fails when:** one operator gives places as entries and another as degrees: the axes may agree in number and mean
    different things.

    Reference: none needed.
    """

    operators: tuple[AbstractObservation, ...]

    claims: ClassVar[frozenset[str]] = frozenset({"differentiable"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if not self.operators:
            raise InputError("Joined needs at least one operator; given none.")

    @classmethod
    def example(cls) -> "Joined":
        """Two numbers and the squares of four."""
        return cls((Sites((1, 3), Diagonal.of(2, 1.0)), Nonlinear.example()))

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """One after another."""
        return jnp.concatenate([operator.apply(field, time) for operator in self.operators])

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """Block diagonal."""
        return Stacked(tuple(operator.error(time) for operator in self.operators))

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """One after another.

        **Raises:** `InputError` when the numbers of axes differ.
        """
        parts = [operator.places(time) for operator in self.operators]
        axes = [part.shape[1] for part in parts]
        if len(set(axes)) > 1:
            raise InputError(
                f"The operators place their observations by {axes} axes; give all of them the same, for instance with "
                "`at` of Nonlinear or Averaged."
            )
        return jnp.concatenate(parts)
