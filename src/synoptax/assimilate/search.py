"""How the shared variational cost is minimised."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax as lx
import optimistix as optx
from jaxtyping import Array, Bool, Float, Int

from .spectrum import AbstractHessian, Spectrum, WholeHessian

Residual = Callable[[Float[Array, " n"]], Float[Array, " m"]]


class Found(eqx.Module):
    """Where a search ended.

    **Arguments:**
    - `control`: the white control vector χ.
    - `cost`: J(χ) = ½ |χ|² + ½ |r(χ)|².
    - `gradient`: |∇J| over its value at the start.
    - `iterations`: outer iterations that moved.
    - `converged`: whether the gradient fell below the tolerance.
    """

    control: Float[Array, " n"]
    cost: Float[Array, ""]
    gradient: Float[Array, ""]
    iterations: Int[Array, ""]
    converged: Bool[Array, ""]


class AbstractSearch(eqx.Module):
    """Minimises J(χ) = ½ |χ|² + ½ |r(χ)|², r the whitened residuals of the observations. Never hides that it failed."""

    @abc.abstractmethod
    def descend(self, residual: Residual, start: Float[Array, " n"]) -> Found:
        """From `start` downhill."""


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


def minimum(search: AbstractSearch, residual: Residual, start: Float[Array, " n"]) -> Found:
    """`search.descend` with the derivative of the minimum itself: dχ = −(∇²J)⁻¹ d∇J, and not of the iterations.

    Exact where the search converged; the linear system is solved by conjugate gradients.
    """

    departures, held = jax.closure_convert(lambda c: residual(c), start)
    still = jax.lax.stop_gradient(held)
    found = jax.lax.stop_gradient(search.descend(lambda c: departures(c, *still), jax.lax.stop_gradient(start)))

    def gradient(control: Array, values) -> Array:
        return control + jax.vjp(lambda c: departures(c, *values), control)[1](departures(control, *values))[0]

    def curvature(vector: Array) -> Array:
        return jax.jvp(lambda c: gradient(c, still), (found.control,), (vector,))[1]

    slope = gradient(found.control, held)
    slope = slope - jax.lax.stop_gradient(slope)  # zero, with the derivative of the gradient
    hessian = lx.FunctionLinearOperator(curvature, jax.eval_shape(lambda: start), lx.positive_semidefinite_tag)
    solver = lx.CG(rtol=1e-8, atol=1e-12, max_steps=10 * start.size)
    move = lx.linear_solve(hessian, slope, solver, throw=False).value
    return eqx.tree_at(lambda f: f.control, found, found.control - move)


def posterior(hessian: AbstractHessian, residual: Residual, control: Float[Array, " n"]) -> Spectrum:
    """The Hessian at the minimum."""
    rest, forward = jax.linearize(residual, control)
    transpose = jax.linear_transpose(forward, control)
    return hessian.spectrum(forward, lambda v: transpose(v)[0], control + transpose(rest)[0] + 1e-6)
