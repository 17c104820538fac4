"""The ensemble is a sample."""

from typing import ClassVar

import jax.numpy as jnp
from jaxtyping import Array, Float

from ...core import InputError
from ..roots import inverse
from .base import AbstractWeightPrior


class FiniteSize(AbstractWeightPrior):
    """Mean and covariance of the ensemble are themselves uncertain: a Student's t distribution instead of a normal one.

    −log p(w) = (N−1)/2 · c log(e + |w|²), so α = c / (e + |w|²) with e = (N+1)/N and c = N/(N−1), both changed by the
    factor m = √((e/c)^κ), e ← e/m, c ← c m, κ the mean share of the prior that observations leave, so that weak
    observations do not inflate. Replaces the tuning of inflation against sampling error.

    When to use: perfect models. When not: model error, for which it does not account; multiply by an inflation too.

    **Arguments:**
    - `boost`: e and c are multiplied by it; larger is surer of the prior mode.

    **Good values:** 2 for Lorenz' forty variables, 1 for his three.

    **Fails when:** used with many more observations than members and a wrong R: it then inflates for the wrong reason.

    Reference: Bocquet, Raanes and Hannart (2015), doi:10.5194/npg-22-645-2015; the change of mode after Raanes, Bocquet
    and Carrassi (2019), doi:10.1002/qj.3386.
    """

    boost: float = 1.0

    cite: ClassVar[str] = "Bocquet, Raanes and Hannart (2015), doi:10.5194/npg-22-645-2015"

    def __check_init__(self) -> None:
        if isinstance(self.boost, int | float) and not self.boost > 0:
            raise InputError(f"The boost of a finite-size prior must be positive; given {self.boost}. 1 means none.")

    def coefficients(self, gram: Float[Array, "member member"]) -> tuple[Float[Array, ""], Float[Array, ""]]:
        """e and c."""
        n = gram.shape[0]
        e, c = (n + 1) / n, n / (n - 1)
        left = jnp.trace(inverse(jnp.eye(n, dtype=gram.dtype) + gram)) / n
        change = jnp.asarray(e / c, gram.dtype) ** (left / 2)
        return self.boost * e / change, self.boost * c * change

    def precision(self, gram: Float[Array, "member member"], weights: Float[Array, " member"]) -> Float[Array, ""]:
        """c / (e + |w|²)."""
        e, c = self.coefficients(gram)
        return c / (e + weights @ weights)
