"""How a coherent forecast steers the denoising of a sequence."""

import abc

import equinox as eqx
from jaxtyping import Array, Float

from ...learn.generate import AbstractDenoiser, DenoisingError


class AbstractCoherence(eqx.Module):
    """A way to bring a coherent forecast into what is drawn. Frame 0 of every sequence is the known present."""

    @abc.abstractmethod
    def objective(self) -> DenoisingError:
        """What the network is trained for."""

    @abc.abstractmethod
    def extra(self, channels: int) -> int:
        """Channels of the condition of a frame."""

    @abc.abstractmethod
    def condition(
        self, sequence: Float[Array, "time y x channel"], reach: int
    ) -> Float[Array, "time y x condition"] | None:
        """What the network is told of the present and the coherent forecast up to lead `reach`; None for nothing."""

    @abc.abstractmethod
    def steer(
        self,
        denoiser: AbstractDenoiser,
        sequence: Float[Array, "time y x channel"],
        errors: Float[Array, "time channel"],
    ) -> AbstractDenoiser:
        """A denoiser that knows of the coherent forecast.

        **Arguments:**
        - `denoiser`: of the whole sequence.
        - `sequence`: the present and the coherent forecast, normalised.
        - `errors`: standard deviation of its errors at each lead, zero for the present.
        """


class AbstractPart(eqx.Module):
    """What of a sequence is compared: a linear map that JAX differentiates, NaN where nothing is compared."""

    @abc.abstractmethod
    def __call__(self, sequence: Float[Array, "time y x channel"]) -> Float[Array, "time y x channel"]:
        """The part, shaped like the whole."""
