"""Forecasts that never leave their latent space, as models."""

import abc
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError
from ..dynamics import AbstractDynamics
from ..learn import AbstractDeterministic, AbstractDownscaler
from ..records import Predictors, Samples
from .emulator import Emulator
from .planned import AbstractPlanner, PlannedEmulator


class AbstractLatentForecast(AbstractDeterministic):
    """A forecast that encodes the past once, moves on in its latent space, and decodes what is asked for."""

    @abc.abstractmethod
    def encode(self, past: Float[Array, "history channel y x"]) -> Float[Array, " dimension"]:
        """Fields in physical units to a latent state."""

    @abc.abstractmethod
    def advance(self, latent: Float[Array, " dimension"]) -> Float[Array, " dimension"]:
        """One step."""

    @abc.abstractmethod
    def decode(self, latent: Float[Array, " dimension"]) -> Float[Array, "channel y x"]:
        """A latent state to a field in physical units."""

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """Encoded, one step, decoded; all times side by side in memory."""
        return _one_step(self, predictors.fields[0])


@eqx.filter_jit
def _one_step(
    model: AbstractLatentForecast, fields: Float[Array, "time stacked y x"]
) -> Float[Array, "time channel y x"]:
    history = len(model.layout.sources[0].neighbours)
    split = fields.reshape(fields.shape[0], history, -1, *fields.shape[2:])
    return jax.vmap(lambda past: model.decode(model.advance(model.encode(past))))(split)


class LatentEmulator(AbstractDynamics):
    """A latent forecast as a model: the state is latent, the field is what it decodes to.

    When to use: what `emulate.model` gives for forecasts with a latent space of their own, such as `KoopmanForecast`.
    When not: forecasts that step fields; `Emulator` is for them. Cost: one latent step, and one decoding a field shown.

    **Arguments:**
    - `forecast`: encodes, advances, decodes.
    - `mean`, `spread`: shape (channel, *place): where `start` begins.
    - `dt`: a step.

    **Good values:** none to choose.

    **Fails when:** fields that are lifted are not of the kind that the encoder has seen: `project(lift(field))` is the
    field only as well as decoding inverts encoding.

    Reference: none needed.
    """

    forecast: AbstractLatentForecast
    mean: Float[Array, "channel *place"]
    spread: Float[Array, "channel *place"]
    dt: float = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset({"steps_as_it_forecasts"})
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "LatentEmulator":
        """A Koopman forecast of a wave that goes round four by six cells."""
        from .emulator import wave
        from .koopman_forecast import KoopmanForecast

        task = wave()
        found = model(KoopmanForecast.example().fit(task, key=jax.random.key(0)), task.train, dt=1.0)
        assert isinstance(found, cls)
        return found

    @property
    def history(self) -> int:
        """How many fields a latent state is made of."""
        return len(self.forecast.layout.sources[0].neighbours)

    def begin(self, fields: Float[Array, "history channel *place"]) -> Float[Array, " dimension"]:
        """The state after these fields, the newest last.

        **Raises:** `InputError` for another number or shape of fields.
        """
        wanted = (self.history, *self.mean.shape)
        if fields.shape != wanted:
            raise InputError(f"This emulator begins with fields of shape {wanted}; given {fields.shape}.")
        return self.forecast.encode(fields)

    def start(self, *, key: PRNGKeyArray) -> Float[Array, " dimension"]:
        """The mean with noise of the size of its variability."""
        noise = jnp.nan_to_num(self.spread) * jax.random.normal(key, self.mean.shape, self.mean.dtype)
        return self.lift(self.mean + noise)

    def lift(self, field: Float[Array, "channel *place"], *, key: PRNGKeyArray | None = None) -> Float[Array, " dim"]:
        """The latent state of a field that has not changed lately."""
        del key
        return self.begin(jnp.broadcast_to(field[None], (self.history, *field.shape)))

    def project(self, state: Float[Array, " dimension"]) -> Float[Array, "channel *place"]:
        """Decoded; NaN where there is no place."""
        return jnp.where(jnp.isfinite(self.spread), self.forecast.decode(state), jnp.nan)

    def step(self, state, time, *, forcing=None, action=None, key=None) -> Float[Array, " dimension"]:
        """One latent step."""
        del time, forcing, action, key
        return self.forecast.advance(state)


def model(forecast: AbstractDownscaler, samples: Samples, *, dt: float) -> Emulator | LatentEmulator | PlannedEmulator:
    """A fitted forecast as a model: in its latent space if it has one, plan by plan if it plans, else step by step.

    **Arguments:**
    - `forecast`: fitted on a task of forecasting fields from their own past.
    - `samples`: of training, for the mean and the spread of `start`.
    - `dt`: a step.

    **Raises:** `InputError` when the forecast reads something else than its own past.
    """
    return whole(Emulator.of(forecast, samples, dt=dt))


def whole(emulator: Emulator) -> Emulator | LatentEmulator | PlannedEmulator:
    """An emulator as its forecast is meant to go on: in its latent space, plan by plan, or step by step as it is."""
    forecast = emulator.forecast
    if isinstance(forecast, AbstractLatentForecast):
        return LatentEmulator(forecast, emulator.mean, emulator.spread, emulator.dt)
    if isinstance(forecast, AbstractPlanner):
        return PlannedEmulator(emulator)  # type: ignore[call-arg]  # its dt is a property
    return emulator
