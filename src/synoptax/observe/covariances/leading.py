"""The directions that matter."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractRoot
from .kernel import Kernel


class Leading(AbstractRoot):
    """C ≈ V Λ Vᵀ with the largest eigenvalues only, rescaled so that the variances stay what they were.

    The root has as many columns as eigenvectors are kept: a smooth localisation or a climatology of a few patterns
    needs few, and a search has so many controls fewer. When to use: `Localised` with a smooth localisation; empirical
    orthogonal functions. When not: rough fields, whose spectrum does not fall. Costs size³ once, size × kept numbers a
    root.

    **Arguments:**
    - `factor`: D V √Λ with D the rescaling, shape (size, kept); `Leading.of` makes it.

    **Good values:** `Leading.of(Periodic.of((64,), SquaredExponential(6.0)))`, which keeps 12 of 64.

    **Fails when:** little is kept: correlations then spread further than they did, and ring.

    Reference: Buehner (2005), doi:10.1256/qj.04.15, for localisations; Lorenz (1956), Empirical orthogonal functions.
    """

    factor: Float[Array, "size kept"]

    claims: ClassVar[frozenset[str]] = frozenset({"root_transposes", "variance_is_diagonal"})
    cite: ClassVar[str] = "Buehner (2005), doi:10.1256/qj.04.15"

    @classmethod
    def of(cls, covariance: AbstractRoot, *, share: float = 0.999) -> "Leading":
        """As many eigenvectors as explain this share of the total variance.

        **Raises:** `InputError` for a share outside of (0, 1].
        """
        if not 0 < share <= 1:
            raise InputError(f"The share of the variance to keep lies between 0 and 1; given {share}.")
        matrix = np.asarray(covariance.dense())
        values, vectors = np.linalg.eigh(matrix)
        values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
        kept = min(len(values), 1 + int(np.searchsorted(np.cumsum(values) / values.sum(), share * (1 - 1e-12))))
        factor = vectors[:, :kept] * np.sqrt(values[:kept])[None]
        rescaled = np.sqrt(np.diag(matrix) / np.maximum(np.sum(factor**2, axis=1), 1e-12 * values[0]))
        return cls(jnp.asarray(rescaled[:, None] * factor))

    @classmethod
    def example(cls) -> "Leading":
        """Half of five scattered places."""
        return cls.of(Kernel.example(), share=0.8)

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.factor.shape[0]

    @property
    def white(self) -> int:
        """Eigenvectors that are kept."""
        return self.factor.shape[1]

    def root(self, vector: Float[Array, " white"]) -> Float[Array, " size"]:
        """A weighted sum of patterns."""
        return self.factor.astype(vector.dtype) @ vector

    def variances(self) -> Float[Array, " size"]:
        """Those of the whole covariance."""
        return jnp.sum(self.factor**2, axis=1)
