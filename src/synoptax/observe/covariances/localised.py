"""What an ensemble knows of its covariances, near by."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractRoot
from .constant import Constant
from .correlations import SquaredExponential
from .periodic import Periodic


class Localised(AbstractRoot):
    """C = ρ ∘ (X Xᵀ / (N − 1)): covariances of members, those between distant places taken away.

    With a root of the localisation, ρ = M Mᵀ, the root is L χ = Σ_k x'_k ∘ (M χ_k) / √(N − 1): every member has a
    field of weights of its own (the *extended control variable*). No matrix of the size of the state is made, and the
    state is localised, so that observations without a place are no trouble. When to use: the background of hybrid and
    ensemble variational methods; lagged states in place of members (ensemble optimal interpolation). When not: errors
    that have to be whitened. Costs N roots of the localisation.

    **Arguments:**
    - `anomalies`: X, deviations of the members from their mean, shape (member, size); `Localised.of` takes members.
    - `localisation`: ρ, of unit variance, with as many rows as there are places; number i of the state lies at place i
      modulo their number. `Constant(places)` localises nothing.

    **Good values:** `Product(side, side)` with `side = Leading.of(Periodic.of((64,), SquaredExponential(6.0)))` as
    localisation of 16 members on a plane, from the card `qg_localised`.

    **Fails when:** the members are few and the localisation is wide: spurious covariances remain; a localisation that
    is much shorter than the correlations tears fields apart.

    Reference: Lorenc (2003), doi:10.1256/qj.02.132; Buehner (2005), doi:10.1256/qj.04.15.
    """

    anomalies: Float[Array, "member size"]
    localisation: AbstractRoot

    claims: ClassVar[frozenset[str]] = frozenset({"root_transposes", "variance_is_diagonal"})
    cite: ClassVar[str] = "Lorenc (2003), doi:10.1256/qj.02.132"

    def __check_init__(self) -> None:
        members, size = self.anomalies.shape
        if members < 2:
            raise InputError(f"Localised needs at least two members to know a covariance; given {members}.")
        if size % self.localisation.size:
            raise InputError(
                f"A localisation of {self.localisation.size} places does not fit a state of {size} numbers; the state "
                "must hold the same number of fields at every place, and the place must be their last axis."
            )

    @classmethod
    def of(cls, members: Float[Array, "member size"], localisation: AbstractRoot | None = None) -> "Localised":
        """From members or lagged states; no localisation by default."""
        anomalies = members - jnp.mean(members, axis=0)[None]
        return cls(anomalies, Constant(members.shape[1]) if localisation is None else localisation)

    @classmethod
    def example(cls) -> "Localised":
        """Four members of two fields on a circle of five places."""
        members = np.random.default_rng(0).normal(size=(4, 10))
        return cls.of(jnp.asarray(members), Periodic.of((5,), SquaredExponential(1.0)))

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.anomalies.shape[1]

    @property
    def white(self) -> int:
        """Members times the columns of the localisation's root."""
        return self.anomalies.shape[0] * self.localisation.white

    def root(self, vector: Float[Array, " white"]) -> Float[Array, " size"]:
        """Σ_k x'_k ∘ (M χ_k) / √(N − 1)."""
        members, places = self.anomalies.shape[0], self.localisation.size
        weights = jax.vmap(self.localisation.root)(vector.reshape(members, -1))
        local = self.anomalies.astype(vector.dtype).reshape(members, -1, places)
        return (jnp.einsum("mfp,mp->fp", local, weights) / (members - 1) ** 0.5).ravel()

    def variances(self) -> Float[Array, " size"]:
        """Those of the members times those of the localisation."""
        local = self.localisation.variances()
        spread = jnp.sum(self.anomalies**2, axis=0) / (self.anomalies.shape[0] - 1)
        return spread * jnp.tile(local, self.size // local.shape[0]).astype(spread.dtype)
