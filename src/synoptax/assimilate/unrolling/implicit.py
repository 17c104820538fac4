"""Derivatives of a fixed point."""

import equinox as eqx
import jax
from jaxtyping import PyTree

from ...core import InputError
from .base import AbstractUnrolling, Step, repeated


class Implicit(AbstractUnrolling):
    """dz = (I − ∂F/∂z)⁻¹ ∂F/∂θ dθ at the last iterate, the inverse as Σ_i (∂F/∂z)^i, cut after `terms` terms.

    Right when the iteration has converged; with one term it is `OneStep`. Cost: memory of one iteration.

    **Arguments:**
    - `terms`: at least 1; as many as the iteration needs to converge.
    """

    terms: int = eqx.field(static=True, default=5)

    def __check_init__(self) -> None:
        if self.terms < 1:
            raise InputError(f"The series needs at least one term; given {self.terms}.")

    def solve(self, step: Step, start: PyTree, count: int) -> PyTree:
        """The value of a loop, the derivative of its limit."""
        last = jax.lax.stop_gradient(repeated(step, start, count - 1))
        once = step(last)
        _, forward = jax.linearize(step, last)
        move = jax.tree.map(lambda x: x - jax.lax.stop_gradient(x), once)  # zero, with a derivative
        total = once
        for _ in range(self.terms - 1):
            move = forward(move)
            total = jax.tree.map(lambda a, b: a + b, total, move)
        return total
