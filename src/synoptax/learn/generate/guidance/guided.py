"""A denoiser with guidance."""

from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..denoiser import AbstractDenoiser
from ..processes import AbstractProcess
from .base import AbstractGuidance


class Guided(AbstractDenoiser):
    """A denoiser whose estimate a guidance changes; guided denoisers can be guided again.

    When to use: in any sampler, in place of the denoiser. Cost: that of the guidance, at each evaluation.

    **Arguments:**
    - `denoiser`: any denoiser, a `WindowedDenoiser` or another guided one included.
    - `guidance`: what pulls.

    **Fails when:** several strong guidances contradict each other: the estimate leaves what the denoiser knows.

    Reference: none needed.
    """

    denoiser: AbstractDenoiser
    guidance: AbstractGuidance

    @property
    def process(self) -> AbstractProcess:  # type: ignore[override]  # a property implements an AbstractVar
        """That of the denoiser."""
        return self.denoiser.process

    def __call__(
        self,
        noised: Float[Array, "*field"],
        level: Float[Array, ""],
        condition: PyTree = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "*field"]:
        return self.guidance.guide(self.denoiser, noised, level, condition, key=key)
