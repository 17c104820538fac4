"""Where the batches of a fit come from: arrays in memory, or a generator driven by a seed."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from ..core import InputError


class AbstractBatches(eqx.Module):
    """Batches in two halves: `prepare` on the host for many steps at once, `get` inside the compiled loop."""

    @abc.abstractmethod
    def prepare(self, seeds: np.ndarray) -> PyTree:
        """Host work for `len(seeds)` steps; every array leads with the step axis. Depends on the seeds only."""

    @abc.abstractmethod
    def get(self, prepared: PyTree) -> PyTree:
        """The batch of one step from its slice of `prepare`'s result; traced."""


class InMemory(AbstractBatches):
    """Random batches, drawn without replacement within a batch, from arrays that fit in memory.

    **Arguments:**
    - `data`: pytree of arrays with the same leading sample axis.
    - `size`: samples a batch; capped at the number of samples.
    """

    data: PyTree
    size: int = eqx.field(static=True)

    def __check_init__(self) -> None:
        lengths = {leaf.shape[0] for leaf in jax.tree.leaves(self.data)}
        if len(lengths) != 1 or 0 in lengths:
            raise InputError(
                f"The arrays of a data set must share one non-empty sample axis; given lengths {sorted(lengths)}: "
                "cut them to the same samples."
            )

    def prepare(self, seeds: np.ndarray) -> PyTree:
        count = jax.tree.leaves(self.data)[0].shape[0]
        size = min(self.size, count)
        return np.stack([np.random.default_rng(int(s)).permutation(count)[:size] for s in seeds]).astype(np.int32)

    def get(self, prepared: PyTree) -> PyTree:
        return jax.tree.map(lambda leaf: jnp.asarray(leaf)[prepared], self.data)


class Streamed(AbstractBatches):
    """Batches made on the host, for data larger than memory or endless simulations.

    **Arguments:**
    - `draw`: called as `draw(seed)` with an integer; returns one batch. The same seed must give the same batch.
    """

    draw: Callable[[int], Any] = eqx.field(static=True)

    def prepare(self, seeds: np.ndarray) -> PyTree:
        return jax.tree.map(lambda *leaves: np.stack(leaves), *[self.draw(int(s)) for s in seeds])

    def get(self, prepared: PyTree) -> PyTree:
        return prepared
