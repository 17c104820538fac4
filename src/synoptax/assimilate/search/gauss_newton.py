"""Damped Gauss-Newton."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

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
        """Levenberg-damped Gauss-Newton with a status."""
        floor = jnp.sqrt(jnp.finfo(start.dtype).eps)

        def cost(control: Array) -> Array:
            return 0.5 * jnp.sum(control**2) + 0.5 * jnp.sum(residual(control) ** 2)

        def look(state: _Descent) -> _Descent:
            """The gradient here; unless it is small or the iterations are used up, a step."""
            rest, forward = jax.linearize(residual, state.control)
            transpose = jax.linear_transpose(forward, state.control)
            gradient = state.control + transpose(rest)[0]
            length = jnp.linalg.norm(gradient)
            initial = jnp.where(state.looks == 0, length, state.initial)
            small = length <= self.tolerance * initial + floor
            spectrum = self.hessian.spectrum(forward, lambda v: transpose(v)[0], gradient)
            trial = state.control - spectrum.solve(gradient, state.damping)
            value = 0.5 * jnp.sum(state.control**2) + 0.5 * jnp.sum(rest**2)
            going = ~small & (state.looks < self.iterations)
            better = (cost(trial) < value) & going
            lower = jnp.where(state.damping > 1e-2, state.damping / 10.0, 0.0)
            higher = jnp.maximum(10.0 * state.damping, 1e-1)
            return _Descent(
                control=jnp.where(better, trial, state.control),
                cost=value,
                damping=jnp.where(better, lower, higher),
                initial=initial,
                length=length,
                looks=state.looks + 1,
                moves=state.moves + better,
                done=~going | (state.damping > 1e12),
            )

        def one(state: _Descent, _) -> tuple[_Descent, None]:
            return jax.lax.cond(state.done, lambda s: s, look, state), None

        zero, none = jnp.zeros((), start.dtype), jnp.zeros((), jnp.int32)
        begin = _Descent(start, zero, zero, zero, zero, none, none, jnp.asarray(False))
        end = jax.lax.scan(one, begin, None, length=self.iterations + 1)[0]
        ratio = end.length / jnp.maximum(end.initial, floor)
        return Found(end.control, end.cost, ratio, end.moves, end.length <= self.tolerance * end.initial + floor)


class _Descent(eqx.Module):
    """Where Gauss-Newton stands; `cost` and `length` (of the gradient) belong to `control` once `done`."""

    control: Float[Array, " n"]
    cost: Float[Array, ""]
    damping: Float[Array, ""]
    initial: Float[Array, ""]
    length: Float[Array, ""]
    looks: Int[Array, ""]
    moves: Int[Array, ""]
    done: Bool[Array, ""]
