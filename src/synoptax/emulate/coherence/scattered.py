"""Some cells of a coherent forecast."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractPart


class Scattered(AbstractPart):
    """A random share of the cells, other ones in every frame; the present, frame 0, is seen as a whole.

    **Arguments:**
    - `share`: of the cells.
    - `seed`: of their choice, the same for all forecasts.
    """

    share: float = eqx.field(static=True)
    seed: int = eqx.field(static=True, default=0)

    def __check_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise InputError(f"A share of the cells lies above 0 and up to 1; given {self.share}.")

    def __call__(self, sequence: Float[Array, "time y x channel"]) -> Float[Array, "time y x channel"]:
        drawn = np.random.default_rng(self.seed).random(sequence.shape[:3]) < self.share
        drawn[0] = True
        return jnp.where(jnp.asarray(drawn)[..., None], sequence, jnp.nan)
