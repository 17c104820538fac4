"""The climatology of the training data, with the cycle of the year and of the day."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..fields import HarmonicClimatology, Normaliser
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..records import Layout, Predictors, Task, joined


class _ClimatologyModel(AbstractDownscaler):
    layout: Layout
    cycle: HarmonicClimatology
    units: Normaliser
    history: Float[Array, "time channel *fine"]
    phases: Float[Array, "time 2"]
    window: float

    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        return self.units.inverse(self.cycle(predictors.phases))

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """Whole fields of training times within the window of the year (and nearest hour), drawn at random."""
        chosen = jax.vmap(lambda p, k: self._draw(p, k, count))(
            predictors.phases, jax.random.split(key, len(predictors))
        )
        return jnp.moveaxis(self.history[chosen], 1, 0)

    def _draw(self, phase: Float[Array, "2"], key: PRNGKeyArray, count: int) -> Array:
        apart = jnp.abs((self.phases - phase[None] + jnp.pi) % (2 * jnp.pi) - jnp.pi)
        hour = apart[:, 1] - jnp.min(apart[:, 1])
        # times outside the window are only drawn when it holds none: their weight is tiny but not zero
        logits = -1e3 * jnp.maximum(apart[:, 0] - self.window, 0.0) - 1e3 * hour
        return jax.random.categorical(key, logits, shape=(count,))


class Climatology(AbstractMethod):
    """What usually happens on that day of the year and at that hour, without looking at the predictors.

    The mean is a fit of harmonics to the transformed target at each place; the distribution is the training fields
    within `window` days of the same day of the year.

    Use it as the reference of every probabilistic score. Not a forecast. Costs a least-squares fit.

    **Arguments:**
    - `yearly`, `daily`: numbers of harmonics; cut to what the training period covers.
    - `window`: half width in days for the members (15 gives the usual 31-day window).

    **Good values:** two harmonics a cycle, 15 days.

    **Fails when:** the climate drifts between training and use.

    Reference: Wilks (2019), Statistical Methods in the Atmospheric Sciences, 4th ed., section 9, ISBN 9780128158234.
    """

    claims: ClassVar[frozenset[str]] = frozenset(
        {"saves_and_loads", "ignores_missing_targets", "probabilistic", "uses_validation"}
    )
    cite: ClassVar[str] = "Wilks (2019), Statistical Methods in the Atmospheric Sciences, ISBN 9780128158234"

    yearly: int = eqx.field(static=True, default=2)
    daily: int = eqx.field(static=True, default=2)
    window: float = eqx.field(static=True, default=15.0)

    @classmethod
    def example(cls) -> "Climatology":
        return cls()

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Least squares on training and validation data together: nothing is tuned."""
        del key, monitor
        samples = joined(task.train, task.valid)
        shape = (len(task.layout.channels), *[1] * (samples.truth.ndim - 2))
        units = Normaliser(jnp.zeros(shape), jnp.ones(shape), task.layout.transforms)
        phases = samples.predictors.phases
        cycle = HarmonicClimatology.of(units.forward(samples.truth), phases, yearly=self.yearly, daily=self.daily)
        complete = np.asarray(jnp.any(jnp.isfinite(samples.truth), axis=tuple(range(1, samples.truth.ndim))))
        width = self.window * 2 * float(np.pi) / 365.25
        return _ClimatologyModel(task.layout, cycle, units, samples.truth[complete], phases[complete], width)
