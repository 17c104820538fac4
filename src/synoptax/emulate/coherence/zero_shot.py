"""A coherent forecast as an observation of what is drawn."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ...learn.generate import AbstractDenoiser, DenoisingError, Guided, LikelihoodGuidance
from .base import AbstractCoherence, AbstractPart
from .whole import Whole


class ZeroShot(AbstractCoherence):
    """The network knows sequences only; the coherent forecast pulls the draw by the likelihood of its errors.

    y = A c,  y ~ N(A x, (f e_k)² + present²),  e_k the errors of the coherent forecast at lead k on validation times.

    When to use: coherent forecasts that change, or of which only a part can be trusted, without new training. When not:
    forecasts that shall be accurate: `LearnedCoherence` learns how far to trust what. Cost: one reverse pass through
    the network besides each evaluation.

    **Arguments:**
    - `part`: A.
    - `factor`: f; above one where errors are alike over many cells, since each cell then counts less.
    - `present`: standard deviation of the present field, normalised.
    - `gamma`, `variance`, `through`: see `LikelihoodGuidance`.

    **Good values:** those of the defaults on Kuramoto-Sivashinsky (docs/emulation_results.md).

    **Fails when:** `factor` is small: the draw becomes the coherent forecast; `gamma` is small and the sampler's steps
    few: the pull overshoots at every step and the draw blows up; the coherent forecast always learns from the
    validation times, too, as `GaussianProcess`: e_k is then too small.

    Reference: Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574, for the guidance, there with `gamma` 0.01; the
    defaults here, chosen on validation runs, are those of pseudo-inverse guidance.
    """

    part: AbstractPart = Whole()
    factor: float = eqx.field(static=True, default=1.0)
    present: float = eqx.field(static=True, default=0.05)
    gamma: float = eqx.field(static=True, default=1.0)
    variance: float = eqx.field(static=True, default=1.0)
    through: bool = eqx.field(static=True, default=True)

    def objective(self) -> DenoisingError:
        """Sequences alone."""
        return DenoisingError()

    def extra(self, channels: int) -> int:
        """None."""
        del channels
        return 0

    def condition(self, sequence: Float[Array, "time y x channel"], reach: int) -> None:
        """None."""
        del sequence, reach

    def steer(
        self,
        denoiser: AbstractDenoiser,
        sequence: Float[Array, "time y x channel"],
        errors: Float[Array, "time channel"],
    ) -> AbstractDenoiser:
        """Pulled at every level."""
        std = jnp.sqrt((self.factor * errors) ** 2 + self.present**2)[:, None, None]
        guidance = LikelihoodGuidance(self.part, self.part(sequence), std, self.gamma, self.variance, self.through)
        return Guided(denoiser, guidance)  # type: ignore[call-arg]  # its process is a property
