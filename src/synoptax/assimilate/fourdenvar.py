"""Four-dimensional ensemble variational assimilation: a window fitted by members, without an adjoint."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError, Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation, AbstractRoot, Constant, Hybrid, Localised, Repeated
from ..records import Ensemble, Gaussian, Window
from .base import AbstractAnalysis, Update
from .diagnostics import of_ensemble
from .ensemble_cost import EnsembleCost
from .etkf import ETKF
from .filter import AbstractEnsembleFilter, fields
from .inflation import Multiplicative
from .propagate import along
from .search import AbstractSearch, GaussNewton, minimum
from .variational import finished
from .vectors import Seen, flatten, observed
from .verdict import worse


class FourDEnVar(AbstractAnalysis):
    """4DVar whose covariances in space and time are those of members, so that no adjoint is needed; hybrid if wanted.

    Minimises the cost of 4DVar, J(χ) = ½ |χ|² + ½ Σ_t |R_t^(-1/2) (y_t − H_t (x̄_t + L_t χ))|², with members x_k,t that
    the model carried through the window once: L_t χ = √β Σ_k x'_k,t ∘ (M χ_k) / √(N − 1) + √(1 − β) L_s χ_s. The
    localisation M Mᵀ works in the space of the control, on states and not on what was observed of them. The members are
    then updated by `filter`, with all observations of the window, and put about the minimum. With a lag of one this is
    3DEnVar, and with `static` hybrid 3DVar. The windows overlap as those of `FourDVar` do; each begins with members
    that have seen no observation of it.

    When to use: fields, few members, models without adjoint; observations that have no place, which a LETKF cannot
    localise; static and ensemble covariances together. When not: windows in which errors move farther than the
    localisation reaches, since it does not move with them. Cost: members × lag runs from one time of observation to the
    next, the search (each product with the Hessian is 2 × members roots of the localisation) and the filter.

    **Arguments:**
    - `filter`: how members are updated about the mean: `LETKF` on fields, `ETKF` where nothing is localised. It knows
      the number of members and their inflation.
    - `lag`: times of observation in the window, 1 or more.
    - `localisation`: ρ = M Mᵀ of unit variance with as many rows as places, such as `Product(side, side)` with
      `side = Leading.of(Periodic.of((64,), SquaredExponential(6.0)))`, whose root has few columns; None for none.
    - `static`: covariance of forecast errors as 3DVar has it; None for none. It does not move within the window.
    - `weight`: β, share of the ensemble where there is a static part, 0 to 1.
    - `search`: `GaussNewton(hessian=Lanczos(20))` for fields; it starts at the members' mean.

    **Good values:** those of the card `qg_localised`.

    **Fails when:** the model is strongly nonlinear over the window: members are then no linear basis of it, and a
    longer lag makes the analysis worse.

    Reference: Liu, Xiao and Wang (2008), doi:10.1175/2008MWR2312.1; Buehner et al. (2010), doi:10.1175/2009MWR3157.1;
    members about a variational mean as in Bowler et al. (2017), doi:10.1002/qj.3004.
    """

    filter: AbstractEnsembleFilter
    lag: int = eqx.field(static=True, default=1)
    localisation: AbstractRoot | None = None
    static: AbstractRoot | None = None
    weight: float = 0.5
    search: AbstractSearch = GaussNewton(4)

    claims: ClassVar[frozenset[str]] = frozenset(
        {"no_obs_is_identity", "kalman_exact", "kalman_consistent", "differentiable", "survives_blow_up"}
    )
    cite: ClassVar[str] = "Liu, Xiao and Wang (2008), doi:10.1175/2008MWR2312.1"

    def __check_init__(self) -> None:
        if self.lag < 1:
            raise InputError(f"A window needs at least one time of observation; given a lag of {self.lag}.")
        if isinstance(self.weight, int | float) and not 0 <= self.weight <= 1:
            raise InputError(f"The weight of an ensemble lies between 0 and 1; given {self.weight}.")

    @classmethod
    def example(cls) -> "FourDEnVar":
        """Sixteen members, one time, nothing static, no localisation."""
        return cls(ETKF(members=16, inflation=Multiplicative(1.0)))

    @property
    def length(self) -> int:
        """The lag."""
        return self.lag

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Ensemble:
        """The start of the filter; the same members stand at all times since."""
        belief = self.filter.start(prior, key=key)
        past = jax.tree.map(lambda x: jnp.broadcast_to(x[None], (self.lag, *x.shape)), belief.members)
        return Ensemble.of(belief.members, memory=(belief.memory, past))

    def covariance(self, states: Float[Array, "time member state"]) -> AbstractRoot:
        """Between all times of a window, as of one long vector, time by time."""
        places = Constant(states.shape[2]) if self.localisation is None else self.localisation
        ensemble = Localised.of(jnp.moveaxis(states, 0, 1).reshape(states.shape[1], -1), places)
        return ensemble if self.static is None else Hybrid(Repeated(self.static, self.lag), ensemble, self.weight)

    def update(
        self,
        belief: Ensemble,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """Carry the members through the window, fit it, and put the filter's members about the fit."""
        moving, deciding = jax.random.split(key)
        remembered, past = belief.memory
        path, status = along(belief.members, window, dynamics, key=moving)
        start, back = flatten(belief.members)
        states = jax.vmap(lambda members: flatten(members)[0])(path)
        back_one = ravel_pytree(jax.tree.map(lambda x: x[0], belief.members))[1]
        used = jnp.ones(len(window), bool)
        covariance = self.covariance(states)
        cost = EnsembleCost(jnp.mean(states, axis=1), covariance, window, used, dynamics, operator, back_one)
        found = minimum(self.search, cost.residual, jnp.zeros(covariance.white, states.dtype))
        rows = jnp.moveaxis(states, 0, 1).reshape(start.shape[0], -1)
        seen, places = _throughout(path, window, dynamics, operator)
        analysed = self.filter.analyse(rows, seen, places, key=deciding)
        analysed, remembered = self.filter.inflation.apply(rows, analysed, seen, remembered)
        fitted = cost.path(found.control, lambda state, t: ravel_pytree(state)[0]).ravel()
        centred = (fitted - jnp.mean(analysed, axis=0))[None] + analysed
        whole = jnp.where(jnp.any(window.mask), centred, rows)  # without observations nothing changes
        first, newest = whole[:, : start.shape[1]], whole[:, -start.shape[1] :]
        ended = jnp.where(found.converged, int(Status.successful), int(Status.not_converged)).astype(jnp.int32)
        return Update(
            _next(belief, window, (remembered, past), back(newest)),
            fields(back(states[-1]), dynamics),
            fields(back(newest), dynamics),
            fields(back(first), dynamics),
            of_ensemble(seen, states[-1], newest) | finished(cost, found),
            worse(status, ended),
        )


def _throughout(
    path: PyTree, window: Window, dynamics: AbstractDynamics, operator: AbstractObservation
) -> tuple[Seen, Float[Array, "obs axis"]]:
    """All observations of the window as if they were of one time, and their places."""

    def one(members: PyTree, values: Array, mask: Array, time: Array) -> Seen:
        return observed(members, values, mask, time, dynamics, operator)

    seen = jax.vmap(one)(path, window.values, window.mask, window.times)
    places = jax.vmap(operator.places)(window.times)
    anomalies = jnp.moveaxis(seen.anomalies, 0, 1).reshape(seen.anomalies.shape[1], -1)
    whole = Seen(anomalies, seen.innovation.ravel(), seen.mask.ravel(), seen.independent)
    return whole, places.reshape(-1, places.shape[-1])


def _next(belief: Ensemble, window: Window, memory: tuple[PyTree, PyTree], newest: PyTree) -> Ensemble:
    """The belief one time later; while the window is not yet full its start stays."""
    remembered, past = memory
    past = jax.tree.map(lambda p, x: jnp.concatenate([p[1:], x[None]]), past, newest)
    members = jax.tree.map(lambda p, b: jnp.where(window.active[0], p[0], b), past, belief.members)
    return Ensemble.of(members, memory=(remembered, past))
