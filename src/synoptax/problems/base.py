"""What a downscaling problem offers: folds, each a task to learn from and a test block that only `verify` scores."""

import abc
import dataclasses
from collections.abc import Iterator

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..records import Samples, Task


@dataclasses.dataclass(frozen=True)
class Fold:
    """One split of a problem.

    **Arguments:**
    - `name`: such as `test 2005` or `block 3`.
    - `task`: train and validation data, the only part that a method sees.
    - `test`: predictors and truth of the left-out block. Methods get `test.predictors`, `verify` gets `test.truth`.
    - `blocks`: shape (time,), numbers of the independent blocks of test times that the bootstrap resamples.
    - `climatology`: shape (time, channel, *place), the reference for anomalies at the test times, from training data.
    """

    name: str
    task: Task
    test: Samples
    blocks: np.ndarray
    climatology: Float[Array, "time channel *fine"]


class AbstractDownscalingProblem(eqx.Module):
    """A downscaling task with its evaluation. Fields are settings; data are read or simulated by `folds`."""

    @abc.abstractmethod
    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """The folds, one by one; the same key gives the same folds. `monitor` hears of a simulation.

        **Raises:** `InputError` when the data are not there, saying where they are looked for.
        """
