"""The type of this folder."""

import abc
from collections.abc import Callable

import equinox as eqx
import jax
from jaxtyping import PyTree

Step = Callable[[PyTree], PyTree]


class AbstractUnrolling(eqx.Module):
    """Iterates a step; the values are the same for all, the derivatives are not."""

    @abc.abstractmethod
    def solve(self, step: Step, start: PyTree, count: int) -> PyTree:
        """`count` times `step`, from `start`: a pytree of floating-point arrays."""


def repeated(step: Step, start: PyTree, count: int) -> PyTree:
    """`count` steps in one loop."""
    if count < 1:
        return start
    return jax.lax.scan(lambda state, _: (step(state), None), start, None, length=count)[0]
