"""The cost of weak-constraint 4DVar in the states of a window, and its Gauss-Newton step."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from ..dynamics import AbstractDynamics
from ..observe import AbstractCovariance, AbstractObservation
from ..records import Gaussian, Window
from .cost import advance
from .smoother import Linearised, smooth


class WeakCost(eqx.Module):
    """J(x₀ … x_T) = ½ |x₀ − x_b|²_B + ½ Σ_t |x_(t+1) − M(x_t)|²_Q + ½ Σ_t |y_t − H x_t|²_R.

    States are rows of a matrix, the start of the window first, then its times.

    **Arguments:**
    - `prior`: x_b and B.
    - `window`, `dynamics`, `operator`: y, M and H with R; where the window is not active the state stays.
    - `covariance`: Q.
    """

    prior: Gaussian
    window: Window
    dynamics: AbstractDynamics
    operator: AbstractObservation
    covariance: AbstractCovariance

    def value(self, states: Float[Array, "place state"], factor: Float[Array, ""]) -> Float[Array, ""]:
        """J with `factor` times Q."""
        begin = self.prior.covariance.whiten(states[0] - ravel_pytree(self.prior.mean)[0].astype(states.dtype))
        ahead = jax.vmap(self._ahead)(states[:-1], self._begins())
        white = jax.vmap(self.covariance.whiten)(states[1:] - ahead)
        errors = jnp.where(self.window.active[:, None], white, 0.0)
        w = self.window
        departures = jax.vmap(self._departure)(states[1:], w.values, w.mask, w.times)
        return 0.5 * (jnp.sum(begin**2) + jnp.sum(errors**2) / factor + jnp.sum(departures**2))

    def step(
        self, states: Float[Array, "place state"], factor: Float[Array, ""], damping: Float[Array, ""]
    ) -> tuple[Float[Array, "place state"], Float[Array, "place state state"]]:
        """The minimum of J linearised about `states`, and the covariances there.

        **Arguments:**
        - `damping`: of the distance to `states`, in units of the prior's variances.
        """
        w, size = self.window, states.shape[1]
        active = w.active[:, None, None]
        ahead = jax.vmap(self._ahead)(states[:-1], self._begins())
        eye = jnp.broadcast_to(jnp.eye(size, dtype=states.dtype)[None], (len(w), size, size))
        slope = jnp.where(active, jax.vmap(jax.jacfwd(self._ahead))(states[:-1], self._begins()), eye)
        ahead = jnp.where(active[:, 0], ahead, states[:-1])
        offset = ahead - jnp.einsum("tij,tj->ti", slope, states[:-1])
        noise = factor * self.covariance.dense().astype(states.dtype)
        given = (states[1:], w.values, w.mask, w.times)
        seen = -jax.vmap(jax.jacfwd(self._departure))(*given)
        target = jax.vmap(self._departure)(*given) + jnp.einsum("tij,tj->ti", seen, states[1:])
        model = Linearised(slope, offset, jnp.where(active, noise[None], 0.0), seen, target)
        mean = ravel_pytree(self.prior.mean)[0].astype(states.dtype)
        covariance = self.prior.covariance.dense().astype(states.dtype)
        precision = damping / self.prior.covariance.variances().astype(states.dtype)
        return smooth(model, mean, covariance, centre=states, precision=precision)

    def _begins(self) -> Float[Array, " length"]:
        return jnp.concatenate([self.window.start[None], self.window.times[:-1]])

    def _ahead(self, state: Float[Array, " state"], time: Float[Array, ""]) -> Float[Array, " state"]:
        """M."""
        back = ravel_pytree(self.prior.mean)[1]
        return ravel_pytree(advance(back(state), time, self.dynamics, self.window.steps))[0]

    def _departure(self, state: Float[Array, " state"], values, mask, time) -> Float[Array, " obs"]:
        """R^(-1/2) (y − H x), zero where nothing was observed."""
        seen = self.operator.apply(self.dynamics.project(ravel_pytree(self.prior.mean)[1](state)), time)
        departure = jnp.where(mask, values.astype(seen.dtype) - seen, 0.0)
        return self.operator.error(time).whiten(departure, mask=mask)
