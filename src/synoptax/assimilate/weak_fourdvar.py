"""Weak-constraint 4DVar: all states of a window, the model with errors."""

import itertools
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractCovariance, AbstractObservation, Diagonal
from ..records import Estimate, Gaussian, Window
from .interpolated_observations import InterpolatedObservations
from .reconstruction import AbstractReconstruction, Reconstruction
from .weak_cost import WeakCost


class WeakFourDVar(AbstractReconstruction):
    """The most probable states of a window when the model, too, may err at every step.

    Minimises J(x₀ … x_T) = ½ |x₀ − x_b|²_B + ½ Σ_t |x_(t+1) − M(x_t)|²_Q + ½ Σ_t |y_t − H x_t|²_R over all states by
    Gauss-Newton. Each step solves the block-tridiagonal normal equations by a Kalman filter and smoother about the
    present states, is damped (Levenberg) and accepted only when it lowers J. The search begins with states of the whole
    window, which makes it far better conditioned than a search for the first state alone; with a learned `first` a step
    or two are enough.

    When to use: wrong models; long windows; windows whose first guess is poor. When not: states beyond some hundred
    numbers, whose dense covariances do not fit; perfect models in short windows (`WindowFourDVar` has fewer unknowns).
    Cost: an iteration is length times (state model runs + state³).

    **Arguments:**
    - `covariance`: Q, of the model error of one interval between times of the window.
    - `relaxations`: factors of Q that are solved first, each from the last answer; descending to, without, 1.
    - `iterations`: at most so many for each factor.
    - `tolerance`: converged when the next step promises to lower J by less than this.
    - `first`: where the search begins; the interpolated observations by default.

    **Good values:** Q of 1e-4 with `relaxations=(1e4, 1e2)` for Lorenz' three variables, steps of 0.01 and a right
    model: mean squared error 0.19 on the card `lorenz63_fablet2021`, quick, no window of 100 lost. Where observations
    are sparse, `first=WindowEnKS(...)` for its valley: see the card `lorenz96_fablet2021`.

    **Fails when:** Q is much smaller than the model error, which is then fitted by wrong states; or much larger, which
    leaves gaps between observations to straight lines. With gaps of half a turn the first guess misses turns, and many
    searches end in another valley.

    Reference: Trémolet (2006), doi:10.1256/qj.05.224; the smoother as Gauss-Newton step Bell (1994),
    doi:10.1137/0804035; its damping Särkkä and Svensson (2020), doi:10.1109/ICASSP40776.2020.9054686.
    """

    covariance: AbstractCovariance
    relaxations: tuple[float, ...] = eqx.field(static=True, default=())
    iterations: int = eqx.field(static=True, default=30)
    tolerance: float = 1e-3
    first: AbstractReconstruction = InterpolatedObservations()

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing", "kalman_smoother_exact", "differentiable"})
    cite: ClassVar[str] = "Trémolet (2006), doi:10.1256/qj.05.224"

    def __check_init__(self) -> None:
        factors = (*self.relaxations, 1.0)
        if any(a <= b for a, b in itertools.pairwise(factors)):
            raise InputError(f"Relaxations are factors above 1 in descending order; given {self.relaxations}.")
        if self.iterations < 1:
            raise InputError(f"A search needs at least one iteration; given {self.iterations}.")

    @classmethod
    def example(cls) -> "WeakFourDVar":
        """Six numbers."""
        return cls(Diagonal.of(6, 0.1))

    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """The minimum, with posterior variances of the linearised problem.

        Its derivative is that of one Gauss-Newton step at the minimum.

        **Raises:** `InputError` when Q has another size than the state.
        """
        flat, back = ravel_pytree(prior.mean)
        if self.covariance.size != flat.size:
            raise InputError(
                f"The model error has a covariance of {self.covariance.size} rows for states of {flat.size} numbers; "
                "make them equal."
            )
        cost = WeakCost(prior, window, dynamics, operator, self.covariance)
        still = _still(cost)
        guess = self.first.reconstruct(window, prior=prior, dynamics=dynamics, operator=operator, key=key)
        found, value, count, converged = self._search(still, _still(_lifted(guess.states.mean, dynamics)))
        one = jnp.ones((), found.dtype)
        step, spread = cost.step(found, one, 0.0 * one)
        step = jnp.where(jnp.isfinite(step), step, found)
        states = found + step - jax.lax.stop_gradient(step)  # the value of the search, the derivative of a step
        estimate = _fields(states[1:], spread[1:], back, dynamics)
        observed = jnp.sum(window.mask)
        facts = {
            "cost": value,
            "chi2": 2.0 * value / jnp.maximum(observed, 1),
            "iterations": count.astype(value.dtype),
            "converged": converged.astype(value.dtype),
        }
        status = jnp.where(converged, int(Status.successful), int(Status.not_converged)).astype(jnp.int32)
        return Reconstruction(estimate, facts, status)

    def _search(self, cost: WeakCost, start: Float[Array, "place state"]):
        """Through all factors of Q: states, J, accepted iterations, whether the last factor converged."""

        def stage(carry, factor: Array):
            states, count = carry

            def step(now):
                states, value, damping, count, tried, _ = now
                trial = cost.step(states, factor, damping)[0]
                slope = jax.grad(cost.value)(states, factor)
                promised = -0.5 * jnp.sum(slope * (trial - states))
                reached = cost.value(trial, factor)
                better = reached < value
                done = (damping == 0.0) & (promised <= self.tolerance)
                lower = jnp.where(damping > 1e-1, damping / 10.0, 0.0)
                damping = jnp.where(better, lower, jnp.maximum(10.0 * damping, 1.0))
                new = jnp.where(better, trial, states)
                return new, jnp.where(better, reached, value), damping, count + better, tried + 1, done

            def going(now) -> Array:
                return ~now[-1] & (now[-2] < self.iterations) & (now[2] < 1e12)

            zero = jnp.zeros((), states.dtype)
            begin = (states, cost.value(states, factor), zero, count, jnp.zeros((), jnp.int32), jnp.asarray(False))
            states, value, _, count, _, done = jax.lax.while_loop(going, step, begin)
            return (states, count), (value, done)

        factors = jnp.asarray((*self.relaxations, 1.0), start.dtype)
        (states, count), (values, done) = jax.lax.scan(stage, (start, jnp.zeros((), jnp.int32)), factors)
        return states, values[-1], count, done[-1]


def _lifted(fields: PyTree, dynamics: AbstractDynamics) -> Float[Array, "place state"]:
    """Fields as states, the start like the first."""
    states = jax.vmap(lambda f: ravel_pytree(dynamics.lift(f))[0])(fields)
    return jnp.concatenate([states[:1], states])


def _fields(states: Array, spread: Array, back, dynamics: AbstractDynamics) -> Estimate:
    """Fields with variances: the diagonal of P of what is projected."""

    def project(x: Array) -> PyTree:
        return dynamics.project(back(x))

    def variance(state: Array, covariance: Array) -> PyTree:
        root = jnp.linalg.cholesky(covariance)
        columns = jax.vmap(lambda v: jax.jvp(project, (state,), (v,))[1])(root.T)
        return jax.tree.map(lambda x: jnp.sum(x**2, axis=0), columns)

    return Estimate(jax.vmap(project)(states), jax.vmap(variance)(states, spread))


def _still(tree: PyTree) -> PyTree:
    return jax.tree.map(lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, tree)
