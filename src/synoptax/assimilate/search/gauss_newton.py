"""Damped Gauss-Newton."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ..hessian import AbstractHessian, WholeHessian
from .base import AbstractSearch, Residual
from .found import Found


class GaussNewton(AbstractSearch):
    """Incremental: linearise, solve (I + JᵀJ + μ) δ = −∇J, accept only what lowers the nonlinear cost.

    The damping μ is zero as long as steps succeed, and grows tenfold when one does not (Levenberg 1944). Exact after
    one iteration for linear problems. Cost: an iteration is one linearisation, the products of `hessian`, one
    evaluation.

    **Arguments:**
    - `iterations`: at most so many outer iterations.
    - `hessian`: `WholeHessian()` for small states, `Lanczos(20)` for fields.
    - `tolerance`: of the gradient relative to the start.
    """

    iterations: int = eqx.field(static=True, default=10)
    hessian: AbstractHessian = WholeHessian()
    tolerance: float = 1e-4

    def descend(self, residual: Residual, start: Float[Array, " n"]) -> Found:
        """Levenberg-damped Gauss-Newton with a status; side by side, until the last is done."""
        floor = jnp.sqrt(jnp.finfo(start.dtype).eps)

        @jax.value_and_grad
        def cost(control: Array) -> Array:
            return 0.5 * jnp.sum(control**2) + 0.5 * jnp.sum(residual(control) ** 2)

        first = cost(start)
        enough = self.tolerance * jnp.linalg.norm(first[1]) + floor

        def going(state: _Descent) -> Array:
            return (
                (jnp.linalg.norm(state.gradient) > enough) & (state.steps < self.iterations) & (state.damping <= 1e12)
            )

        def step(state: _Descent) -> _Descent:
            _, forward = jax.linearize(residual, state.control)
            transpose = jax.linear_transpose(forward, state.control)
            spectrum = self.hessian.spectrum(forward, lambda v: transpose(v)[0], state.gradient)
            trial = state.control - spectrum.solve(state.gradient, state.damping)
            value, gradient = cost(trial)
            better = value < state.cost
            lower = jnp.where(state.damping > 1e-2, state.damping / 10.0, 0.0)
            higher = jnp.maximum(10.0 * state.damping, 1e-1)
            return _Descent(
                control=jnp.where(better, trial, state.control),
                cost=jnp.where(better, value, state.cost),
                gradient=jnp.where(better, gradient, state.gradient),
                damping=jnp.where(better, lower, higher),
                steps=state.steps + 1,
                moves=state.moves + better,
            )

        none = jnp.zeros((), jnp.int32)
        end = jax.lax.while_loop(going, step, _Descent(start, *first, jnp.zeros((), start.dtype), none, none))
        length, initial = jnp.linalg.norm(end.gradient), jnp.linalg.norm(first[1])
        return Found(
            end.control,
            end.cost,
            length / jnp.maximum(initial, floor),
            end.moves,
            (length <= enough) & jnp.isfinite(length),
        )


class _Descent(eqx.Module):
    """Where Gauss-Newton stands; `cost` and `gradient` belong to `control`."""

    control: Float[Array, " n"]
    cost: Float[Array, ""]
    gradient: Float[Array, " n"]
    damping: Float[Array, ""]
    steps: Int[Array, ""]
    moves: Int[Array, ""]
