"""Instruments that see averages."""

from typing import ClassVar

import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from ..core import InputError
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal


class Averaged(AbstractObservation):
    """y = A x + ε: every observation is a weighted sum, of a footprint, a column, a satellite's averaging kernel.

    When to use: radiometers, retrievals, means over regions. When not: points, where most weights would be zero. Costs
    obs · size.

    A retrieval y = x_a + A (x − x_a) is used after subtracting (1 − A) x_a from its values.

    **Arguments:**
    - `weights`: A, shape (obs, size), rows in the unit of the observation per unit of the field.
    - `covariance`: of ε, as many rows.
    - `at`: places, shape (obs, axis); by default the number of the entry with the largest weight.

    **Good values:** rows that sum to one.

    **Fails when:** footprints are wider than the localisation radius: filters that localise by places then lose part of
    what was seen.

    Reference: Rodgers (2000), Inverse Methods for Atmospheric Sounding, doi:10.1142/3171.
    """

    weights: Float[Array, "obs size"]
    covariance: AbstractCovariance
    at: Float[Array, "obs axis"] | None = None

    claims: ClassVar[frozenset[str]] = frozenset({"linear", "differentiable"})
    cite: ClassVar[str] = "Rodgers (2000), doi:10.1142/3171"

    def __check_init__(self) -> None:
        if self.weights.ndim != 2 or self.weights.shape[0] != self.covariance.size:
            raise InputError(
                f"Weights need shape (obs, size) with a row for each of {self.covariance.size} errors; given "
                f"{self.weights.shape}."
            )
        if self.at is not None and (self.at.ndim != 2 or self.at.shape[0] != self.covariance.size):
            raise InputError(f"Places need shape (obs, axis), one for each row; given {self.at.shape}.")

    @classmethod
    def example(cls) -> "Averaged":
        """Means over pairs of eight."""
        return cls(jnp.kron(jnp.eye(4), jnp.full((1, 2), 0.5)), Diagonal.of(4, 0.5))

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """A x."""
        del time
        vector = ravel_pytree(field)[0]
        return self.weights.astype(vector.dtype) @ vector

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """As given, or where each row has its largest weight."""
        del time
        if self.at is not None:
            return self.at
        return jnp.argmax(jnp.abs(self.weights), axis=1).astype(jnp.result_type(float))[:, None]
