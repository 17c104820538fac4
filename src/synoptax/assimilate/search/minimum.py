"""The derivative of a minimum, and the Hessian at it."""

import equinox as eqx
import jax
import lineax as lx
from jaxtyping import Array, Float

from ..hessian import AbstractHessian, Spectrum
from .base import AbstractSearch, Residual
from .found import Found


def minimum(search: AbstractSearch, residual: Residual, start: Float[Array, " n"]) -> Found:
    """`search.descend` with the derivative of the minimum itself: dχ = −(∇²J)⁻¹ d∇J, and not of the iterations.

    Exact where the search converged; the linear system is solved by conjugate gradients.
    """

    departures, held = jax.closure_convert(lambda c: residual(c), start)
    found, still = settled(search, lambda c: departures(c, *held), start), jax.lax.stop_gradient(held)

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


def settled(search: AbstractSearch, residual: Residual, start: Float[Array, " n"]) -> Found:
    """`search.descend` as a constant, for starts of further searches: no derivative sees it."""
    departures, held = jax.closure_convert(lambda c: residual(c), start)
    still = jax.lax.stop_gradient(held)
    return jax.lax.stop_gradient(search.descend(lambda c: departures(c, *still), jax.lax.stop_gradient(start)))


def posterior(hessian: AbstractHessian, residual: Residual, control: Float[Array, " n"]) -> Spectrum:
    """The Hessian at the minimum."""
    rest, forward = jax.linearize(residual, control)
    transpose = jax.linear_transpose(forward, control)
    return hessian.spectrum(forward, lambda v: transpose(v)[0], control + transpose(rest)[0] + 1e-6)
