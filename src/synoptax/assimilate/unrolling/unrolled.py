"""Derivatives through all iterations."""

from jaxtyping import PyTree

from .base import AbstractUnrolling, Step, repeated


class Unrolled(AbstractUnrolling):
    """The exact derivative of what is computed. Cost: memory of every iteration."""

    def solve(self, step: Step, start: PyTree, count: int) -> PyTree:
        """A loop."""
        return repeated(step, start, count)
