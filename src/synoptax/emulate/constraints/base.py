"""In which space a forecast is compared with the truth."""

import abc

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ...core import Monitor
from ...learn.objectives import AbstractDistance
from ...records import Task
from ..schooling import NetworkForecast


class AbstractConstraint(eqx.Module):
    """A distance that has to be learned or estimated first: the error covariance of a weak constraint, in some form."""

    @abc.abstractmethod
    def distance(
        self, forecast: NetworkForecast, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()
    ) -> AbstractDistance:
        """From the task and the forecast that is to be taught on.

        Statistics of its errors come from the validation times, which choose the weights afterwards, too: the score
        that is reported there is not an independent one.
        """
