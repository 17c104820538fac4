"""A trained emulator taught on in another space than that of its fields."""

from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.represent import NoPretraining
from ..learn.training import Training
from ..records import Task
from .constraints import AbstractConstraint, LatentConstraint
from .fno_forecast import FNOForecast
from .schooling import Lesson, NetworkForecast, teach


class Constrained(AbstractMethod):
    """First a lesson on squared errors, then one on several steps whose errors are measured by a constraint.

    When to use: runs that shall stay sharp; training seen as weak-constraint 4DVar. When not: the first steps alone
    matter. Cost: of `first`, of the constraint, and of `steps` training steps each.

    **Arguments:**
    - `first`: the emulator whose weights to start from.
    - `constraint`: `LatentConstraint()`, `LearnedVariance()`, or controls: `LatentConstraint(NoPretraining())`,
      `SpectralConstraint()`, `WhitenedConstraint()`.
    - `steps`: of the forecast that training compares with the truth.
    - `training`: how long and how fast; rates of different constraints are not comparable: tune each.

    **Good values:** 4 steps, a fifth of the first learning rate.

    **Fails when:** the constraint is blind to what then grows.

    Reference: see `LatentConstraint`.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets"})
    cite: ClassVar[str] = "none yet (reconstructed from public code)"

    first: AbstractMethod
    constraint: AbstractConstraint = LatentConstraint()
    steps: int = eqx.field(static=True, default=4)
    training: Training = Training(steps=500, rate=2e-4, every=50)

    @classmethod
    def example(cls) -> "Constrained":
        constraint = LatentConstraint(NoPretraining(), dimension=24, width=4, levels=1)
        training = Training(steps=20, every=10, batch=8, rate=1e-4, average=None)
        return cls(FNOForecast.example(), constraint, 1, training)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Lesson, constraint, lesson.

        **Raises:** `InputError` when `first` is not a network that can be taught on.
        """
        one, two, three = jax.random.split(key, 3)
        forecast = self.first.fit(task, key=one, monitor=monitor.within("first"))
        if not isinstance(forecast, NetworkForecast):
            raise InputError(
                f"{type(self.first).__name__} does not train a network step by step; constrain one of the networks."
            )
        distance = self.constraint.distance(forecast, task, key=two, monitor=monitor.within("constraint"))
        lesson = Lesson(self.steps, distance, self.training)
        return teach(forecast, task, lesson, key=three, monitor=monitor.within("constrained"))
