"""The large scales of a coherent forecast."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractPart


class LowPass(AbstractPart):
    """Waves up to `waves` along y and x; the present, frame 0, is seen as a whole.

    **Arguments:**
    - `waves`: the shortest wave kept, as a number of waves around the grid.

    **Fails when:** the grid does not close on itself: its edges are taken for neighbours.
    """

    waves: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        if self.waves < 1:
            raise InputError(f"A low pass keeps one wave or more; given {self.waves}.")

    def __call__(self, sequence: Float[Array, "time y x channel"]) -> Float[Array, "time y x channel"]:
        ny, nx = sequence.shape[1:3]
        along_y = np.abs(np.fft.fftfreq(ny, 1 / ny)) <= self.waves
        along_x = np.fft.rfftfreq(nx, 1 / nx) <= self.waves
        kept = jnp.asarray(along_y[:, None] & along_x[None])[None, :, :, None]
        spectrum = jnp.fft.rfft2(sequence[1:], axes=(1, 2))
        smooth = jnp.fft.irfft2(jnp.where(kept, spectrum, 0.0), s=(ny, nx), axes=(1, 2))
        return jnp.concatenate([sequence[:1], smooth.astype(sequence.dtype)])
