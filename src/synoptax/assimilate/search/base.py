"""How the shared variational cost is minimised."""

import abc
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float

from .found import Found

Residual = Callable[[Float[Array, " n"]], Float[Array, " m"]]


class AbstractSearch(eqx.Module):
    """Minimises J(χ) = ½ |χ|² + ½ |r(χ)|², r the whitened residuals of the observations. Never hides that it failed."""

    @abc.abstractmethod
    def descend(self, residual: Residual, start: Float[Array, " n"]) -> Found:
        """From `start` downhill."""
