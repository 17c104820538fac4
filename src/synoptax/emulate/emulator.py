"""A fitted forecast as a model."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray

from ..core import InputError
from ..dynamics import AbstractDynamics
from ..fields import Grid, Identity
from ..learn import AbstractDownscaler
from ..records import Layout, Predictors, Samples, Source, Task
from .reader import own_past

YEAR = 365.25  # days


def time_of(phases: Float[Array, "2"]) -> Float[Array, ""]:
    """Days since a year began, from the phases of year and day: the inverse of what an emulator reads off the time."""
    rough, day = YEAR * phases[0] / (2 * jnp.pi), phases[1] / (2 * jnp.pi)
    return rough + jnp.mod(day - rough + 0.5, 1.0) - 0.5


class Past(eqx.Module):
    """The state of an emulator.

    **Arguments:**
    - `fields`: shape (history, channel, *place), physical units, the newest last; zero where there is no place (land).
    """

    fields: Float[Array, "history channel *place"]


class Emulator(AbstractDynamics):
    """Any forecast that was fitted from one time to a later one, stepped: a learned model is a model.

    x(t + dt) = f(x(t), x(t − δ), …), f what a method learned from a task whose targets are the predictors' variables
    one step later. With a key each step is one draw of the predictive distribution, without it the best field.

    When to use: to roll out, verify and assimilate with regressions and networks as with any model. When not: a single
    forecast at one lead, for which the fitted forecast itself is enough. Cost: one prediction a step.

    **Arguments:**
    - `forecast`: fitted on a task with one source on the target's place, the same variables, neighbours −(h−1)…0.
    - `dt`: a step, in days for real data; the spacing of neighbours must equal it, unless the history is one field.
    - `mean`: shape (channel, *place): where `start` begins, and what `lift` does not need.
    - `spread`: shape (channel, *place): standard deviation about it; NaN where there is no place.
    - `static`: shape (static, *place), fields without time that the forecast was fitted with; None for none.

    `Emulator.of(forecast, samples, dt=...)` reads the last three off the training samples.

    **Good values:** `dt` of one day and a history of three for daily weather maps.

    **Fails when:** errors of one step feed the next: long runs of a regression fade to climatology or blow up. The
    season is read off the time, in days since the beginning of 1970.

    Reference: none needed.
    """

    forecast: AbstractDownscaler
    mean: Float[Array, "channel *place"]
    spread: Float[Array, "channel *place"]
    dt: float = eqx.field(static=True)
    static: Float[Array, "static *place"] | None = None

    claims: ClassVar[frozenset[str]] = frozenset({"steps_as_it_forecasts"})
    cite: ClassVar[str] = ""

    @classmethod
    def of(cls, forecast: AbstractDownscaler, samples: Samples, *, dt: float) -> "Emulator":
        """With mean and spread of the targets of some samples.

        **Raises:** `InputError` when the forecast reads something else than its own past.
        """
        values = np.asarray(samples.truth, float)
        with np.errstate(invalid="ignore"):
            known = np.isfinite(values).any(axis=0)
            mean = np.where(known, np.nanmean(np.where(known, values, 0.0), axis=0), 0.0)
            spread = np.where(known, np.nanstd(np.where(known, values, 0.0), axis=0), np.nan)
        dtype = samples.truth.dtype
        return cls(forecast, jnp.asarray(mean, dtype), jnp.asarray(spread, dtype), dt, samples.predictors.static)

    def __check_init__(self) -> None:
        own_past(self.forecast.layout, who="An emulator")
        if not self.dt > 0:
            raise InputError(f"A step must be positive; given {self.dt}.")

    @classmethod
    def example(cls) -> "Emulator":
        """A linear inverse model of a wave that goes round four by six cells."""
        from .linear_inverse import LinearInverse

        task = wave()
        return cls.of(LinearInverse.example().fit(task, key=jax.random.key(0)), task.train, dt=1.0)

    @property
    def layout(self) -> Layout:
        """Shape and meaning of what is forecast."""
        return self.forecast.layout

    @property
    def history(self) -> int:
        """How many fields the next one is made of."""
        return len(self.layout.sources[0].neighbours)

    @property
    def there(self) -> Bool[Array, "channel *place"]:
        """Where the field has values at all."""
        return jnp.isfinite(self.spread)

    def begin(self, fields: Float[Array, "history channel *place"]) -> Past:
        """The state after these fields, the newest last.

        **Raises:** `InputError` for another number or shape of fields.
        """
        wanted = (self.history, *self.mean.shape)
        if fields.shape != wanted:
            raise InputError(f"This emulator begins with fields of shape {wanted}; given {fields.shape}.")
        return Past(jnp.where(self.there[None], fields, 0.0))

    def start(self, *, key: PRNGKeyArray) -> Past:
        """The mean with noise of the size of its variability, the same at all times of the history."""
        noise = jnp.where(self.there, self.spread, 0.0) * jax.random.normal(key, self.mean.shape, self.mean.dtype)
        return self.lift(self.mean + noise)

    def lift(self, field: Float[Array, "channel *place"], *, key: PRNGKeyArray | None = None) -> Past:
        """The field at all times of the history; `begin` takes a true one."""
        del key
        return self.begin(jnp.broadcast_to(field[None], (self.history, *field.shape)))

    def project(self, state: Past) -> Float[Array, "channel *place"]:
        """The newest field; NaN where there is no place."""
        return jnp.where(self.there, state.fields[-1], jnp.nan)

    def step(self, state: Past, time, *, forcing=None, action=None, key=None) -> Past:
        """The next field behind the others, the oldest dropped."""
        del forcing, action
        predictors = self.predictors(state, time)
        if key is None:
            new = self.forecast.predict(predictors)[0]
        else:
            new = self.forecast.sample(predictors, key=key, count=1)[0, 0]
        new = jnp.where(self.there, new, 0.0).astype(state.fields.dtype)
        return Past(jnp.concatenate([state.fields[1:], new[None]]))

    def predictors(self, state: Past, time: Float[Array, ""]) -> Predictors:
        """What the forecast reads at this time."""
        stacked = state.fields.reshape(1, -1, *state.fields.shape[2:])
        year = 2 * jnp.pi * jnp.mod(time / YEAR, 1.0)
        day = 2 * jnp.pi * jnp.mod(time, 1.0)
        phases = jnp.stack([year, day])[None].astype(state.fields.dtype)
        static = jnp.zeros((0, *state.fields.shape[2:])) if self.static is None else self.static
        static = static.astype(state.fields.dtype)
        return Predictors((stacked,), phases, static, jnp.zeros(1, int))


def wave(times: int = 60) -> Task:
    """A wave of wavenumber one that moves by a cell and a half a step, with a little noise: for examples and tests."""
    grid = Grid.latlon([-30.0, -10.0, 10.0, 30.0], [0.0, 60.0, 120.0, 180.0, 240.0, 300.0])
    random = np.random.default_rng(0)
    angle = np.deg2rad(np.asarray(grid.x.centres))
    moved = np.cos(angle[None, None] - 2 * np.pi * 0.25 * np.arange(2 * times)[:, None, None])
    fields = moved * np.array([0.5, 1.0, 1.0, 0.5])[None, :, None] + 0.02 * random.normal(size=(2 * times, 4, 6))
    source = Source(grid, ("wave",), (-1, 0))
    layout = Layout((source,), grid, ("wave",), ("1",), (Identity(),), ((0, 1),))

    def samples(first: int, last: int) -> Samples:
        rows = np.arange(first, last)
        stacked = jnp.asarray(np.stack([fields[rows - 1], fields[rows]], axis=1))
        static = jnp.zeros((0, 4, 6))
        given = Predictors((stacked,), jnp.zeros((len(rows), 2)), static, jnp.zeros(len(rows), int))
        return Samples(given, jnp.asarray(fields[rows + 1, None]))

    train = samples(1, times)
    return Task(train, samples(times + 5, 2 * times - 1), train.predictors, layout)
