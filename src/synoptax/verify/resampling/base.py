"""How blocks of time are drawn again."""

import abc

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from ...core import InputError


class AbstractResampling(eqx.Module):
    """Draws blocks of time again, runs of `length` neighbouring blocks at a time."""

    length: eqx.AbstractVar[int]

    @abc.abstractmethod
    def starts(self, blocks: int) -> int:
        """From how many places a run may start."""

    def counts(
        self, random: np.random.Generator, *, blocks: int, resamples: int
    ) -> Float[np.ndarray, "resample block"]:
        """How often each block is drawn, as many blocks a resample as there are; the last run is cut."""
        if not 1 <= self.length <= blocks:
            raise InputError(
                f"Runs of {self.length} blocks cannot be drawn from {blocks} blocks; use a shorter run or more blocks."
            )
        runs = -(-blocks // self.length)
        first: Int[np.ndarray, "resample run"] = random.integers(0, self.starts(blocks), size=(resamples, runs))
        drawn = (first[:, :, None] + np.arange(self.length)).reshape(resamples, -1)[:, :blocks] % blocks
        flat = (np.arange(resamples)[:, None] * blocks + drawn).ravel()
        return np.bincount(flat, minlength=resamples * blocks).reshape(resamples, blocks).astype(float)
