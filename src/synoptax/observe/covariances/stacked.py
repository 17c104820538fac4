"""Groups of errors that know nothing of each other."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from .base import AbstractCovariance
from .dense import Dense
from .diagonal import Diagonal


class Stacked(AbstractCovariance):
    """Block diagonal: C = diag(C₁, C₂, …), blocks in the order of the entries. Costs the sum of its parts.

    When to use: several instruments, several variables, a state with parameters. When not: blocks that are correlated.

    **Arguments:**
    - `parts`: the blocks, at least one.

    **Good values:** `Stacked((Periodic.of((40,), Matern(2.0)), Diagonal.of(1, 0.25)))` for forty numbers and a
    parameter.

    **Fails when:** the blocks are in another order than the entries; nothing can notice. A mask is passed on to every
    block, any of which may refuse it.

    Reference: none needed.
    """

    parts: tuple[AbstractCovariance, ...]

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "mask_is_marginal", "variance_is_diagonal"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if not self.parts:
            raise InputError("Stacked needs at least one covariance; given none.")

    @classmethod
    def example(cls) -> "Stacked":
        """Four correlated numbers and four that are not."""
        return cls((Dense.example(), Diagonal.example()))

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return sum(part.size for part in self.parts)

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """Block by block."""
        return jnp.concatenate([part.root(v) for part, v in zip(self.parts, self._split(vector), strict=True)])

    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """Block by block."""
        masks = [None] * len(self.parts) if mask is None else self._split(mask)
        vectors = self._split(vector)
        return jnp.concatenate([p.whiten(v, mask=m) for p, v, m in zip(self.parts, vectors, masks, strict=True)])

    def variances(self) -> Float[Array, " size"]:
        """Block by block."""
        return jnp.concatenate([part.variances() for part in self.parts])

    def _split(self, vector: Array) -> list[Array]:
        ends = np.cumsum([part.size for part in self.parts])
        return [vector[end - part.size : end] for part, end in zip(self.parts, ends, strict=True)]
