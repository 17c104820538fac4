"""Kalman filter and Rauch-Tung-Striebel smoother of a linear model with dense blocks, by two scans over time."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Float


class Linearised(eqx.Module):
    """x_(t+1) = F_t x_t + c_t + N(0, Q_t) and z_(t+1) = S_(t+1) x_(t+1) + N(0, I).

    **Arguments:**
    - `transition`: F, shape (length, state, state).
    - `offset`: c, shape (length, state).
    - `noise`: Q, shape (length, state, state).
    - `seen`: S, whitened, zero rows where nothing was observed, shape (length, obs, state).
    - `target`: z, whitened, shape (length, obs).
    """

    transition: Float[Array, "length state state"]
    offset: Float[Array, "length state"]
    noise: Float[Array, "length state state"]
    seen: Float[Array, "length obs state"]
    target: Float[Array, "length obs"]


def smooth(
    model: Linearised,
    mean: Float[Array, " state"],
    covariance: Float[Array, "state state"],
    *,
    centre: Float[Array, "place state"],
    precision: Float[Array, " state"],
) -> tuple[Float[Array, "place state"], Float[Array, "place state state"]]:
    """Means and covariances of all states, the start first, given all observations.

    The block-tridiagonal normal equations of weak-constraint 4DVar are solved exactly: forward elimination is the
    Kalman filter, backward substitution the smoother. Cost: a few products and two Cholesky factors of state³ a time.

    **Arguments:**
    - `mean`, `covariance`: of the start.
    - `centre`, `precision`: Levenberg damping as one more observation of every state: `centre` was seen with errors of
      variance 1 / `precision`; zero is no damping.
    """
    first = _updated(mean, covariance, model.seen[0] * 0.0, model.target[0] * 0.0, centre[0], precision)

    def forward(carry, inputs):
        mean, covariance = carry
        block, middle = inputs
        ahead = block.transition @ mean + block.offset
        spread = block.transition @ covariance @ block.transition.T + block.noise
        new = _updated(ahead, spread, block.seen, block.target, middle, precision)
        return new, (mean, covariance, ahead, _factor(spread))

    last, kept = jax.lax.scan(forward, first, (model, centre[1:]))

    def backward(carry, inputs):
        later, doubt = carry
        block, (mean, covariance, ahead, factor) = inputs
        gain = cho_solve((factor, True), block.transition @ covariance).T
        left = jnp.eye(mean.size, dtype=mean.dtype) - gain @ block.transition
        smoothed = mean + gain @ (later - ahead)
        spread = left @ covariance @ left.T + gain @ (block.noise + doubt) @ gain.T
        return (smoothed, spread), (smoothed, spread)

    _, (means, covariances) = jax.lax.scan(backward, last, (model, kept), reverse=True)
    return jnp.concatenate([means, last[0][None]]), jnp.concatenate([covariances, last[1][None]])


def _factor(covariance: Array) -> Float[Array, "state state"]:
    """The Cholesky factor; a ridge of rounding size keeps it finite in single precision after long gaps."""
    size = covariance.shape[0]
    ridge = 4.0 * jnp.finfo(covariance.dtype).eps * jnp.trace(covariance)
    return jnp.linalg.cholesky(covariance + ridge * jnp.eye(size, dtype=covariance.dtype))


def _updated(mean, covariance, seen, target, centre, precision) -> tuple[Array, Array]:
    """The analysis as (P⁻¹ + Sᵀ S + D)⁻¹ = L (I + Lᵀ (Sᵀ S + D) L)⁻¹ Lᵀ, P = L Lᵀ: positive definite always."""
    factor = _factor(covariance)
    information = seen.T @ seen + jnp.diag(precision)
    inner = jnp.linalg.cholesky(jnp.eye(mean.size, dtype=mean.dtype) + factor.T @ information @ factor)
    half = solve_triangular(inner, factor.T, lower=True)
    spread = half.T @ half
    slope = seen.T @ (target - seen @ mean) + precision * (centre - mean)
    return mean + spread @ slope, spread
