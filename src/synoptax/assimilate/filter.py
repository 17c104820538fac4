"""What all ensemble filters share: the forecast, members that are lost, inflation, diagnostics."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ..core import InputError, Status
from ..dynamics import AbstractDynamics, rollout
from ..observe import AbstractObservation
from ..records import Ensemble, Estimate, Gaussian, Window
from .base import AbstractAnalysis, Update
from .diagnostics import of_ensemble
from .inflation import AbstractInflation
from .vectors import Seen, flatten, observed


class AbstractEnsembleFilter(AbstractAnalysis):
    """A filter on members that count the same. Its own part is `analyse`; fields besides are `members`, `inflation`."""

    members: eqx.AbstractVar[int]
    inflation: eqx.AbstractVar[AbstractInflation]

    @abc.abstractmethod
    def analyse(
        self,
        states: Float[Array, "member state"],
        seen: Seen,
        places: Float[Array, "obs axis"],
        *,
        key: PRNGKeyArray,
    ) -> Float[Array, "member state"]:
        """The members after the observations of one time.

        **Arguments:**
        - `states`: the forecast, members as rows.
        - `seen`: the same as the instruments see it, in units of their errors.
        - `places`: coordinates of the observations.
        """

    @property
    def length(self) -> int:
        """One time."""
        return 1

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Ensemble:
        """Draws from the prior.

        **Raises:** `InputError` for fewer than two members.
        """
        return start_ensemble(self.members, self.inflation, prior, key=key, who=type(self).__name__)

    def update(
        self,
        belief: Ensemble,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """Forecast to the time of the window, `analyse`, inflate."""
        moving, deciding = jax.random.split(key)
        ahead, status = forecast(belief.members, window.start, dynamics, steps=window.steps, key=moving)
        time, mask = window.times[-1], window.mask[-1]
        states, back = flatten(ahead)
        seen = observed(ahead, window.values[-1], mask, time, dynamics, operator)
        analysed = self.analyse(states, seen, operator.places(time), key=deciding)
        analysed, memory = self.inflation.apply(states, analysed, seen, belief.memory)
        analysed = jnp.where(jnp.any(mask), analysed, states)  # without observations nothing changes, inflation neither
        members = back(analysed)
        before, after = fields(ahead, dynamics), fields(members, dynamics)
        found = of_ensemble(seen, states, analysed)
        return Update(Ensemble.of(members, memory=memory), before, after, after, found, status)


def start_ensemble(
    members: int, inflation: AbstractInflation, prior: Gaussian, *, key: PRNGKeyArray, who: str
) -> Ensemble:
    """`members` draws of the prior with the memory of the inflation."""
    if members < 2:
        raise InputError(f"{who} needs at least two members to know a spread; given {members}.")
    drawn = prior.sample(members, key=key)
    return Ensemble.of(drawn.members, memory=inflation.start())


def forecast(
    members: PyTree, time: Float[Array, ""], dynamics: AbstractDynamics, *, steps: int, key: PRNGKeyArray
) -> tuple[PyTree, Int[Array, ""]]:
    """Every member `steps` steps ahead; those that leave the finite numbers are replaced by copies of others.

    The status is `member_replaced` when that happened, `nonfinite_state` when no member is left.
    """
    count = jax.tree.leaves(members)[0].shape[0]
    keys = jax.random.split(key, count)

    def ahead(state: PyTree, k: PRNGKeyArray) -> tuple[PyTree, Int[Array, ""]]:
        run = rollout(dynamics, state, steps=steps, every=steps, start=time, key=k, view=_nothing)
        return run.last, run.status

    moved, status = jax.vmap(ahead)(members, keys)
    alive = status == int(Status.successful)
    order = jnp.argsort(~alive, stable=True)  # the living first
    left = jnp.maximum(jnp.sum(alive), 1)
    source = jnp.where(alive, jnp.arange(count), order[jnp.arange(count) % left])
    whole = jnp.where(jnp.all(alive), int(Status.successful), int(Status.member_replaced))
    whole = jnp.where(jnp.any(alive), whole, int(Status.nonfinite_state))
    return jax.tree.map(lambda x: x[source], moved), whole.astype(jnp.int32)


def fields(members: PyTree, dynamics: AbstractDynamics) -> Estimate:
    """Mean and variance of what the world sees of the members."""
    return Ensemble.of(jax.vmap(dynamics.project)(members)).estimate()


def _nothing(state: PyTree) -> Array:
    """Keeps no field: only the last state is wanted."""
    del state
    return jnp.zeros(0)
