"""What is known of errors in general, and what is known of those of the day."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractRoot
from .dense import Dense
from .localised import Localised


class Hybrid(AbstractRoot):
    """C = (1 − β) C_s + β C_e, with the root L = [√(1 − β) L_s, √β L_e] that takes both control vectors in a row.

    When to use: ensembles of few members, wrong models: the static part corrects where the members have no spread. When
    not: members that outnumber the directions in which errors grow. Costs the sum of its parts.

    **Arguments:**
    - `static`: C_s, errors of the season, usually homogeneous.
    - `ensemble`: C_e, errors of the day, usually `Localised`.
    - `weight`: β, of the ensemble, 0 to 1.

    **Good values:** a weight of 0.5 to 0.8; what a card was tuned to is in its docs.

    **Fails when:** the static part has the wrong size: its variances should be those of forecast errors.

    Reference: Hamill and Snyder (2000), doi:10.1175/1520-0493(2000)128<2905:AHEKFV>2.0.CO;2; the root is that of Lorenc
    (2003), doi:10.1256/qj.02.132.
    """

    static: AbstractRoot
    ensemble: AbstractRoot
    weight: float | Float[Array, ""] = 0.5

    claims: ClassVar[frozenset[str]] = frozenset({"root_transposes", "variance_is_diagonal"})
    cite: ClassVar[str] = "Hamill and Snyder (2000), doi:10.1175/1520-0493(2000)128<2905:AHEKFV>2.0.CO;2"

    def __check_init__(self) -> None:
        if isinstance(self.weight, int | float) and not 0 <= self.weight <= 1:
            raise InputError(f"The weight of an ensemble lies between 0 and 1; given {self.weight}.")
        if self.static.size != self.ensemble.size:
            raise InputError(
                f"The static covariance has {self.static.size} rows and that of the ensemble {self.ensemble.size}; "
                "both must be of the same state."
            )

    @classmethod
    def example(cls) -> "Hybrid":
        """Four numbers, three members."""
        members = np.random.default_rng(0).normal(size=(3, 4))
        return cls(Dense.example(), Localised.of(jnp.asarray(members)), 0.7)

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.static.size

    @property
    def white(self) -> int:
        """Those of both."""
        return self.static.white + self.ensemble.white

    def root(self, vector: Float[Array, " white"]) -> Float[Array, " size"]:
        """√(1 − β) L_s χ_s + √β L_e χ_e."""
        weight, cut = jnp.asarray(self.weight, vector.dtype), self.static.white
        steady = jnp.sqrt(1.0 - weight) * self.static.root(vector[:cut])
        return steady + jnp.sqrt(weight) * self.ensemble.root(vector[cut:])

    def variances(self) -> Float[Array, " size"]:
        """The weighted sum."""
        return (1.0 - self.weight) * self.static.variances() + self.weight * self.ensemble.variances()
