"""Quasi-Newton."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Float

from .base import AbstractSearch, Residual
from .found import Found


class BFGS(AbstractSearch):
    """The whole nonlinear cost by a quasi-Newton method of the library optimistix, adjoint by adjoint.

    When to use: strongly nonlinear operators. When not: nearly linear windows, which Gauss-Newton ends in a few
    iterations.

    **Arguments:**
    - `iterations`: at most so many.
    - `tolerance`: relative and absolute, of optimistix.
    """

    iterations: int = eqx.field(static=True, default=200)
    tolerance: float = eqx.field(static=True, default=1e-5)

    def descend(self, residual: Residual, start: Float[Array, " n"]) -> Found:
        """Until the tolerance or the iterations are used up."""

        def cost(control: Array, args) -> Array:
            del args
            return 0.5 * jnp.sum(control**2) + 0.5 * jnp.sum(residual(control) ** 2)

        solver: Any = optx.BFGS(rtol=self.tolerance, atol=self.tolerance)
        answer: Any = optx.minimise(cost, solver, start, max_steps=self.iterations, throw=False)
        initial = jnp.linalg.norm(jax.grad(cost)(start, None))
        ratio = jnp.linalg.norm(jax.grad(cost)(answer.value, None)) / jnp.maximum(initial, 1e-12)
        worked = answer.result == optx.RESULTS.successful
        count = jnp.asarray(answer.stats["num_steps"], jnp.int32)
        return Found(answer.value, cost(answer.value, None), ratio, count, worked & jnp.isfinite(ratio))
