"""Forecasts that say several steps at once, as models."""

import abc
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from ..dynamics import AbstractDynamics
from ..learn import AbstractDownscaler
from ..records import Predictors
from .emulator import Emulator, Past


class AbstractPlanner(AbstractDownscaler):
    """A forecast of `length` steps at once from one past, not step by step: as a downscaler, it is its first step."""

    length: eqx.AbstractVar[int]

    @abc.abstractmethod
    def plan(
        self, predictors: Predictors, *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "time length channel *place"]:
        """All steps after each time, the nearest first; one draw with a key, the best fields without."""

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The first step of the best plan."""
        return self.plan(predictors)[:, 0]

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """The first steps of as many plans."""
        return jax.vmap(lambda k: self.plan(predictors, key=k)[:, 0])(jax.random.split(key, count))


class Planned(eqx.Module):
    """The state of a planned emulator.

    **Arguments:**
    - `past`: the newest fields, as of an `Emulator`.
    - `plan`: shape (length, channel, *place), made when `shown` was zero.
    - `shown`: how many fields of the plan have been shown; all of them after `begin`, so that the next step plans.
    """

    past: Past
    plan: Float[Array, "length channel *place"]
    shown: Int[Array, ""]


class PlannedEmulator(AbstractDynamics):
    """A forecast of several steps at once as a model: it shows its plan field by field, then plans anew from the last.

    When to use: what `emulate.model` gives for `DirectForecast`, `LeadForecast` and `CohesionForecast`. When not:
    forecasts of one step; `Emulator` is for them. Cost: of a plan every `length` steps. Under `jax.vmap` a step costs
    a plan only when one is due, as long as all runs begin inside the mapped function; states that were begun outside
    may be out of step with each other, and then every step costs a plan.

    **Arguments:**
    - `emulator`: of the forecast, which is an `AbstractPlanner`; it knows mean, spread, step and static fields.

    **Good values:** none to choose.

    **Fails when:** a state is changed between plans, by an analysis say, and not through `lift`: the rest of its plan
    does not know of it. `lift` drops the plan.

    Reference: none needed.
    """

    emulator: Emulator

    claims: ClassVar[frozenset[str]] = frozenset({"steps_as_it_forecasts"})
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "PlannedEmulator":
        """Regressions for two leads of a wave that goes round four by six cells."""
        from .direct_forecast import DirectForecast
        from .emulator import wave

        task = wave()
        forecast = DirectForecast.example().fit(task, key=jax.random.key(0))
        return cls(Emulator.of(forecast, task.train, dt=1.0))  # type: ignore[call-arg]  # its dt is a property

    @property
    def dt(self) -> float:  # type: ignore[override]  # a property implements an AbstractVar
        """A step, not a plan."""
        return self.emulator.dt

    @property
    def history(self) -> int:
        """How many fields a plan is made of."""
        return self.emulator.history

    @property
    def spread(self) -> Float[Array, "channel *place"]:
        """Standard deviation about the mean; NaN where there is no place."""
        return self.emulator.spread

    @property
    def there(self) -> Bool[Array, "channel *place"]:
        """Where the field has values at all."""
        return self.emulator.there

    def begin(self, fields: Float[Array, "history channel *place"]) -> Planned:
        """The state after these fields, the newest last, without a plan.

        **Raises:** `InputError` for another number or shape of fields.
        """
        return self._unplanned(self.emulator.begin(fields))

    def start(self, *, key: PRNGKeyArray) -> Planned:
        """The mean with noise of the size of its variability."""
        return self._unplanned(self.emulator.start(key=key))

    def lift(self, field: Float[Array, "channel *place"], *, key: PRNGKeyArray | None = None) -> Planned:
        """The field at all times of the history, without a plan."""
        return self._unplanned(self.emulator.lift(field, key=key))

    def project(self, state: Planned) -> Float[Array, "channel *place"]:
        """The newest field; NaN where there is no place."""
        return self.emulator.project(state.past)

    def step(self, state: Planned, time, *, forcing=None, action=None, key=None) -> Planned:
        """The next field of the plan, or the first of a new one."""
        del forcing, action

        def anew() -> Array:
            drawn = self._planner.plan(self.emulator.predictors(state.past, time), key=key)[0]
            return jnp.where(self.there[None], drawn, 0.0).astype(state.plan.dtype)

        due = state.shown >= self._planner.length
        plan = jax.lax.cond(due, anew, lambda: state.plan)
        at = jnp.where(due, 0, state.shown)
        fields = jnp.concatenate([state.past.fields[1:], plan[at][None]])
        return Planned(Past(fields), plan, at + 1)

    @property
    def _planner(self) -> AbstractPlanner:
        forecast = self.emulator.forecast
        assert isinstance(forecast, AbstractPlanner)
        return forecast

    def _unplanned(self, past: Past) -> Planned:
        length = self._planner.length
        empty = jnp.zeros((length, *past.fields.shape[1:]), past.fields.dtype)
        return Planned(past, empty, jnp.asarray(length))
