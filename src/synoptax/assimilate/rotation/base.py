"""What every rotation of an ensemble offers."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray


class AbstractRotation(eqx.Module):
    """Mixes anomalies without changing mean and covariance."""

    @abc.abstractmethod
    def matrix(self, members: int, dtype, *, key: PRNGKeyArray) -> Float[Array, "member member"]:
        """An orthogonal matrix that leaves the vector of ones alone."""
