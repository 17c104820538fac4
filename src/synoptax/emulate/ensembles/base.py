"""The types of this folder: an ensemble makes members of one past, errors are what its initial fields differ by."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ...dynamics import rollout
from ...records import Trajectory
from ..emulator import Emulator
from ..latent import LatentEmulator
from ..planned import PlannedEmulator

Model = Emulator | LatentEmulator | PlannedEmulator
BEFORE = 2**31  # folded into a member's key for what is drawn before its first step; steps fold in their number


class AbstractEnsemble(eqx.Module):
    """Several forecasts from one past. Batches of pasts are `jax.vmap` over `forecast`.

    Fields of every ensemble: `size`, the number of members.
    """

    size: eqx.AbstractVar[int]

    @property
    @abc.abstractmethod
    def needs(self) -> int:
        """How many past fields the members are made of, one step apart."""

    @abc.abstractmethod
    def forecast(
        self,
        past: Float[Array, "time channel *place"],
        *,
        steps: int,
        start: float | Float[Array, ""] = 0.0,
        every: int = 1,
        key: PRNGKeyArray | None = None,
    ) -> Trajectory:
        """All members at the same times, every array with a leading member axis, `status` included.

        **Arguments:**
        - `past`: at least `needs` fields, the newest last; older ones are not read.
        - `steps`: after the newest field.
        - `start`: time of the newest field, in the unit of the model's `dt`.
        - `every`: steps between kept fields.
        - `key`: with a key each step is a draw where the model has a distribution, without it the best field. Member m
          draws from `fold_in(key, m)`.

        **Raises:** `InputError` for too short a past or another shape of fields.
        """


class AbstractOfOneModel(AbstractEnsemble):
    """Members are runs of one model that differ in where, when, or with which draws they begin."""

    model: eqx.AbstractVar[Model]

    @property
    @abc.abstractmethod
    def lags(self) -> tuple[int, ...]:
        """How many steps before the newest field each member begins."""

    @abc.abstractmethod
    def pasts(
        self, past: Float[Array, "time channel *place"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "member history channel *place"]:
        """What each member begins with; those that lag, with the fields of their own initial time."""

    @property
    def needs(self) -> int:
        """The history of the model, and the steps that the oldest member lags."""
        return self.model.history + max(self.lags)

    def begin(
        self,
        past: Float[Array, "time channel *place"],
        *,
        start: float | Float[Array, ""] = 0.0,
        key: PRNGKeyArray | None = None,
    ) -> PyTree:
        """The state of every member at the time of the newest field; arguments as of `forecast`."""

        def one(own: Array, lag: Array, key: PRNGKeyArray | None) -> PyTree:
            return self._begun(own, lag, start, key)

        keys = None if key is None else keys_of(key, self.size)
        return jax.vmap(one)(self.pasts(past, key=key), jnp.asarray(self.lags), keys)

    def forecast(
        self,
        past: Float[Array, "time channel *place"],
        *,
        steps: int,
        start: float | Float[Array, ""] = 0.0,
        every: int = 1,
        key: PRNGKeyArray | None = None,
    ) -> Trajectory:
        """All members side by side."""

        def one(own: Array, lag: Array, key: PRNGKeyArray | None) -> Trajectory:
            state = self._begun(own, lag, start, key)
            return rollout(self.model, state, steps=steps, start=start, every=every, key=key)

        keys = None if key is None else keys_of(key, self.size)
        return jax.vmap(one)(self.pasts(past, key=key), jnp.asarray(self.lags), keys)

    def _begun(self, past: Array, lag: Array, start: float | Array, key: PRNGKeyArray | None) -> PyTree:
        """All members take the steps of the oldest, so that one program serves them; each keeps what it lags."""
        state, oldest = self.model.begin(past), max(self.lags)
        if oldest == 0:
            return state
        before = None if key is None else jax.random.fold_in(key, BEFORE)
        kept = rollout(
            self.model, state, steps=oldest, start=start - lag * self.model.dt, key=before, view=_whole
        ).fields
        return jax.tree.map(lambda first, later: jnp.concatenate([first[None], later])[lag], state, kept)


class AbstractErrors(eqx.Module):
    """What initial fields differ by."""

    @abc.abstractmethod
    def draw(
        self, size: int, spread: Float[Array, "channel *place"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "member channel *place"]:
        """Errors of so many members, in physical units.

        **Arguments:**
        - `spread`: standard deviation of the training fields; NaN where there is no place.

        **Raises:** `InputError` when there are not so many.
        """


def latest(past: Float[Array, "time channel *place"], needs: int) -> Float[Array, "needs channel *place"]:
    """The newest fields, as many as are needed.

    **Raises:** `InputError` when there are fewer.
    """
    if past.shape[0] < needs:
        raise InputError(
            f"This ensemble begins with {needs} fields one step apart, the newest last; given {past.shape[0]}. Give a "
            "longer past, or ask for fewer members where they lag."
        )
    return past[past.shape[0] - needs :]


def keys_of(key: PRNGKeyArray, size: int) -> PRNGKeyArray:
    """One key a member, that of its number whatever the size."""
    return jax.vmap(lambda member: jax.random.fold_in(key, member))(jnp.arange(size, dtype=jnp.uint32))


def counted(size: int) -> None:
    """Refuses an ensemble without members.

    **Raises:** `InputError` for a size below one.
    """
    if size < 1:
        raise InputError(f"An ensemble needs at least one member; given {size}.")


def _whole(state: PyTree) -> PyTree:
    return state
