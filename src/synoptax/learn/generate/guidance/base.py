"""The type of this folder: what pulls an estimate towards something known."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..denoiser import AbstractDenoiser


class AbstractGuidance(eqx.Module):
    """A change of any denoiser's estimate, held as a value: `Guided(denoiser, guidance)` is a denoiser again."""

    cite: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def guide(
        self,
        denoiser: AbstractDenoiser,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        condition: PyTree,
        *,
        key: PRNGKeyArray | None,
    ) -> Float[Array, "*field"]:
        """The guided estimate of the clean field; the arguments are those of the denoiser."""
