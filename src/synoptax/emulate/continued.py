"""A trained emulator trained on: more steps, another distance, new data."""

from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.objectives import AbstractDistance, SquaredDistance
from ..learn.training import Training
from ..records import Task
from .fno_forecast import FNOForecast
from .schooling import Lesson, NetworkForecast, teach


class Continued(AbstractMethod):
    """First one lesson, then another: warm up on one step, then train on several.

    When to use: long forecasts; from scratch, several steps are slow to learn. When not: where one step is all that is
    asked for. Cost: of `first`, and `steps` times a training step for each of the training.

    **Arguments:**
    - `first`: the emulator whose weights to start from.
    - `steps`: of the forecast that training now compares with the truth.
    - `distance`: of a forecast field from the true one.
    - `training`: how long and how fast, more slowly than at first.

    **Good values:** 4 to 8 steps at a fifth of the first learning rate.

    **Fails when:** the steps reach beyond what can be predicted: the network learns to blur.

    Reference: rollout training as in Lam et al. (2023), doi:10.1126/science.adi2336.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets"})
    cite: ClassVar[str] = "Lam et al. (2023), doi:10.1126/science.adi2336"

    first: AbstractMethod
    steps: int = eqx.field(static=True, default=4)
    distance: AbstractDistance = SquaredDistance()
    training: Training = Training(steps=500, rate=2e-4, every=50)

    @classmethod
    def example(cls) -> "Continued":
        return cls(FNOForecast.example(), 2, training=Training(steps=20, every=10, batch=8, rate=2e-3, average=None))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Both lessons, one after the other.

        **Raises:** `InputError` when `first` is not a network that can be taught on.
        """
        one, two = jax.random.split(key)
        forecast = self.first.fit(task, key=one, monitor=monitor.within("first"))
        if not isinstance(forecast, NetworkForecast):
            raise InputError(
                f"{type(self.first).__name__} does not train a network step by step; continue one of the networks."
            )
        lesson = Lesson(self.steps, self.distance, self.training)
        return teach(forecast, task, lesson, key=two, monitor=monitor.within("continued"))
