"""What a network knew before it was taught on."""

from typing import ClassVar

import jax
from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..emulate import FNOForecast
from ..learn import AbstractDownscaler, AbstractMethod
from ..records import Task


class FirstLesson(AbstractMethod):
    """The network that `Continued` and `Constrained` start from with the same key.

    **Arguments:**
    - `method`: what is taught first.
    """

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = "none needed"

    method: AbstractMethod

    @classmethod
    def example(cls) -> "FirstLesson":
        return cls(FNOForecast.example())

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """With the first half of the key, as they do."""
        return self.method.fit(task, key=jax.random.split(key)[0], monitor=monitor)
