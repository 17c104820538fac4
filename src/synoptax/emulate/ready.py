"""What has been fitted before, where a method is asked for."""

from typing import ClassVar

import jax
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..records import Task
from .emulator import wave
from .linear_inverse import LinearInverse


class Ready(AbstractMethod):
    """A fitted forecast as a method that has nothing left to learn: it is returned whatever the key.

    When to use: as the `coherent` part of a `CohesionForecast`, or the `first` of `Continued`, when several of them
    shall share one. When not: tables of several seeds, whose intervals then do not hold the training of this part.
    Cost: none.

    **Arguments:**
    - `forecast`: fitted on a task of the same layout.

    **Good values:** none to choose.

    **Fails when:** the task is another one: refused if its layout differs.

    Reference: none needed.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets"})
    cite: ClassVar[str] = "none needed"

    forecast: AbstractDownscaler

    @classmethod
    def example(cls) -> "Ready":
        return cls(LinearInverse.example().fit(wave(), key=jax.random.key(0)))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """The forecast itself.

        **Raises:** `InputError` for a task with other variables or on another grid.
        """
        del key, monitor
        if self.forecast.layout != task.layout:
            raise InputError(
                "The forecast that stands ready was fitted on other variables, another grid or another past than this "
                "task's; fit it on this task, or give the method itself."
            )
        return self.forecast
