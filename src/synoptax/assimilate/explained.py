"""How much of the background's variance the observations of one time explain."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Gaussian, Window
from .cost import Cost, still
from .hessian import AbstractHessian
from .search import posterior


def explained(
    belief: Gaussian,
    window: Window,
    dynamics: AbstractDynamics,
    operator: AbstractObservation,
    *,
    hessian: AbstractHessian,
) -> Float[Array, " size"]:
    """diag(B) − diag(A), A the covariance of the analysis at the newest time of the window, the state already there.

    A = L (1 + V λ Vᵀ)⁻¹ Lᵀ, so this is Σ_k λ_k / (1 + λ_k) (L v_k)²: right for linear operators and right B and R.
    With `Lanczos(k)` it can only be too small, so that the analysis is never called more certain than it is. Cost: the
    products of the Hessian, then one root a vector.
    """
    cost = Cost(belief.mean, belief.covariance, still(window), jnp.ones(1, bool), dynamics, operator)
    control = jnp.zeros(belief.covariance.white, jax.tree.leaves(belief.mean)[0].dtype)
    spectrum = posterior(hessian, cost.residual, control)
    moved = jax.lax.map(belief.covariance.root, spectrum.vectors.T, batch_size=32)
    return (spectrum.values / (1.0 + spectrum.values)) @ moved**2
