"""What every way to the Hessian offers."""

import abc
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float

from .spectrum import Spectrum

Linear = Callable[[Float[Array, " n"]], Float[Array, " m"]]


class AbstractHessian(eqx.Module):
    """How much of the Hessian is computed."""

    @abc.abstractmethod
    def spectrum(self, forward: Linear, backward: Linear, gradient: Float[Array, " n"]) -> Spectrum:
        """The spectrum of JᵀJ, from J, Jᵀ and the gradient that the next step has to follow."""
