"""A denoiser of short windows composed to one of long sequences."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...core import InputError
from .denoiser import AbstractDenoiser
from .processes import AbstractProcess


class WindowedDenoiser(AbstractDenoiser):
    """The estimate at each time from the window of `order` frames on either side of it.

    The first k frames come from the first window of 2k + 1 frames, the last k from the last one, and every other frame
    from the window that it is the centre of. Composing estimates and composing scores is the same thing.

    When to use: to sample, or to assimilate into, a whole trajectory at once with a network that was trained on short
    windows. When not: where the past fixes the next state: step by step is then more accurate. Cost: as many
    evaluations as there are windows, in one batch; memory likewise.

    **Arguments:**
    - `denoiser`: takes windows (2k + 1, *frame); a network of plain fields goes into `StackedFrames` first.
    - `order`: k.

    Sequences of any length from 2k + 1 on; every array of a condition leads with the same time axis.

    **Good values:** k = 1 or 2 for Lorenz-63 and Kolmogorov flow in the paper; SLAMS takes k = 2 for daily maps.

    **Fails when:** noised frames depend on each other beyond k frames, as they do even where clean ones are a Markov
    chain of order k: samples then drift apart over distances longer than a window.

    Reference: Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574, algorithm 2.
    """

    denoiser: AbstractDenoiser
    order: int = eqx.field(static=True)

    @property
    def process(self) -> AbstractProcess:  # type: ignore[override]  # a property implements an AbstractVar
        """That of the windows."""
        return self.denoiser.process

    def __call__(
        self,
        noised: Float[Array, "time *frame"],
        level: Float[Array, ""],
        condition: PyTree = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "time *frame"]:
        width, k = 2 * self.order + 1, self.order
        count = noised.shape[0] - width + 1
        if count < 1:
            raise InputError(
                f"A sequence of {noised.shape[0]} frames is shorter than one window of {width}; give at least {width} "
                "frames, or a denoiser of shorter windows."
            )
        index = jnp.arange(count)[:, None] + jnp.arange(width)[None]
        keys = None if key is None else jax.random.split(key, count)
        estimate = jax.vmap(lambda x, c, key: self.denoiser(x, level, c, key=key))
        clean = estimate(noised[index], jax.tree.map(lambda c: c[index], condition), keys)
        return jnp.concatenate([clean[0, :k], clean[:, k], clean[-1, k + 1 :]])
