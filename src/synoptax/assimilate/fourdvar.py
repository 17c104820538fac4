"""Strong-constraint four-dimensional variational assimilation."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractCovariance, AbstractObservation
from ..records import Gaussian, Window
from .base import AbstractAnalysis, Update
from .cost import Cost, advance, trajectory
from .hessian import AbstractHessian, Spectrum
from .search import AbstractSearch, Found, GaussNewton, minimum, posterior, settled
from .variational import finished, told


class Flown(eqx.Module):
    """The belief of a cycled 4DVar.

    **Arguments:**
    - `mean`, `covariance`: the background at the start of the next window; it has seen no observation of that window.
    - `past`: the analyses since then, each with the observations up to its time, leading axis: later backgrounds.
    - `guess`: the smoothed state at the start of the next window, where the next search begins.
    """

    mean: PyTree
    covariance: AbstractCovariance
    past: PyTree
    guess: PyTree


class FourDVar(AbstractAnalysis):
    """The trajectory of the model that fits the background and all observations of a window best.

    Minimises J(χ) = ½ |χ|² + ½ Σ_t |R_t^(-1/2) (y_t − H_t M_t(x_b + L χ))|², L Lᵀ = B. The window moves by one time of
    observation; its background is the analysis made when the window's start was the newest time, so that no observation
    counts twice, and the search begins at the last window's smoothed state.

    When to use: good models, windows of up to a few doubling times, states of any size. When not: model error matters
    (weak constraint), no adjoint (ensembles). Cost: each iteration of `GaussNewton(hessian=Lanczos(k))` is 2 k + 2 runs
    over the window, with `WholeHessian` one run for each number of the state; memory one state a time,
    of derivatives about 2 √T states for T times.

    **Arguments:**
    - `lag`: times of observation in the window.
    - `covariance`: B at the start of the window; None takes the prior's, right only for a single window.
    - `search`: `GaussNewton()` (incremental 4DVar with a control variable transform) or `BFGS()`.
    - `stages`: quasi-static extension: first fit only so many times, then more, each from the last minimum; for windows
      longer than a doubling time. Ascending numbers below `lag`.
    - `hessian`: of the posterior variance; None gives none.

    **Good values:** lag 4 with observations every 0.2 on Lorenz' forty variables; stages that double.

    **Fails when:** the window is much longer than the predictability of the background and `stages` is empty: the
    search ends in another valley, and `converged`, `chi2` say so.

    Reference: Le Dimet and Talagrand (1986), doi:10.3402/tellusa.v38i2.11706; incremental form Courtier, Thépaut and
    Hollingsworth (1994), doi:10.1002/qj.49712051912; quasi-static extension Pires, Vautard and Talagrand (1996),
    doi:10.3402/tellusa.v48i1.11634.
    """

    lag: int = eqx.field(static=True, default=1)
    covariance: AbstractCovariance | None = None
    search: AbstractSearch = GaussNewton()
    stages: tuple[int, ...] = eqx.field(static=True, default=())
    hessian: AbstractHessian | None = None

    claims: ClassVar[frozenset[str]] = frozenset({"no_obs_is_identity", "kalman_exact", "differentiable"})
    cite: ClassVar[str] = "Courtier, Thépaut and Hollingsworth (1994), doi:10.1002/qj.49712051912"

    def __check_init__(self) -> None:
        if self.lag < 1:
            raise InputError(f"A window needs at least one time of observation; given a lag of {self.lag}.")
        if list(self.stages) != sorted(set(self.stages)) or any(not 0 < s < self.lag for s in self.stages):
            raise InputError(f"Stages must ascend between 1 and the lag {self.lag} less one; given {self.stages}.")

    @classmethod
    def example(cls) -> "FourDVar":
        """One time, the covariance of the prior."""
        return cls()

    @property
    def length(self) -> int:
        """The lag."""
        return self.lag

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Flown:
        """The prior's mean with B; nothing has been analysed."""
        del key
        covariance = prior.covariance if self.covariance is None else self.covariance
        if not isinstance(covariance, AbstractCovariance):
            raise InputError(
                f"FourDVar begins each search at the last trajectory and needs a covariance that can whiten; given "
                f"{type(covariance).__name__}. FourDEnVar takes covariances of members and hybrid ones."
            )
        past = jax.tree.map(lambda x: jnp.broadcast_to(x[None], (self.lag, *x.shape)), prior.mean)
        return Flown(prior.mean, covariance, past, prior.mean)

    def update(
        self,
        belief: Flown,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """Fit the window, run the model through it, hand over."""
        del key
        cost = Cost(belief.mean, belief.covariance, window, jnp.ones(len(window), bool), dynamics, operator)
        found = self.fit(cost, belief.guess)
        initial = cost.state(found.control)
        states = cost.states(initial)
        oldest, newest = (jax.tree.map(lambda x, i=i: x[i], states) for i in (0, -1))
        previous = jax.tree.map(lambda x: x[-1], belief.past)
        forecast = told(
            advance(previous, window.times[-1] - window.steps * dynamics.dt, dynamics, window.steps), dynamics
        )
        diagnostics = finished(cost, found)
        variances = (None, None)
        if self.hessian is not None:
            spectrum = posterior(self.hessian, cost.residual, found.control)
            diagnostics |= {"dfs": spectrum.dfs}
            variances = _variances(cost, spectrum, found.control)
        return Update(
            self._next(belief, window, initial, states),
            forecast,
            told(newest, dynamics, variances[1]),
            told(oldest, dynamics, variances[0]),
            diagnostics,
            jnp.where(found.converged, int(Status.successful), int(Status.not_converged)).astype(jnp.int32),
        )

    def fit(self, cost: Cost, guess: PyTree) -> Found:
        """The minimum for one window: stages first, then the whole."""
        control = cost.control(guess)
        for stage in self.stages:
            control = settled(self.search, cost.cut(stage).residual, control).control
        return minimum(self.search, cost.residual, control)

    def _next(self, belief: Flown, window: Window, initial: PyTree, states: PyTree) -> Flown:
        """The belief one time later; while the window is not yet full its start stays."""
        full = window.active[0]
        newest = jax.tree.map(lambda x: x[-1], states)
        past = jax.tree.map(lambda p, x: jnp.concatenate([p[1:], x[None]]), belief.past, newest)
        mean = jax.tree.map(lambda p, b: jnp.where(full, p[0], b), past, belief.mean)
        guess = jax.tree.map(lambda s, x: jnp.where(full, s[0], x), states, initial)
        return Flown(mean, belief.covariance, past, guess)


def _variances(cost: Cost, spectrum: Spectrum, control: Float[Array, " n"]) -> tuple[PyTree, PyTree]:
    """Linearised posterior variances of the fields at the oldest and the newest time, one product per control."""

    def ends(c: Array) -> PyTree:
        states = trajectory(cost.state(c), cost.window, cost.dynamics)
        return tuple(cost.dynamics.project(jax.tree.map(lambda x, i=i: x[i], states)) for i in (0, -1))

    _, forward = jax.linearize(ends, control)
    columns = jax.vmap(lambda e: forward(spectrum.root(e)))(jnp.eye(control.size, dtype=control.dtype))
    return jax.tree.map(lambda x: jnp.sum(x**2, axis=0), columns)
