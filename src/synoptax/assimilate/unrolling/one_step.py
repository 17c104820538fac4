"""Derivatives of the last iteration only."""

import jax
from jaxtyping import PyTree

from .base import AbstractUnrolling, Step, repeated


class OneStep(AbstractUnrolling):
    """The iterations before the last are constants. Cost: memory of one iteration.

    Good when the iteration contracts fast (Bolte, Pauwels and Vaiter 2023, arXiv:2305.13768).
    """

    def solve(self, step: Step, start: PyTree, count: int) -> PyTree:
        """A loop without derivatives, then a step with."""
        return step(jax.lax.stop_gradient(repeated(step, start, count - 1)))
