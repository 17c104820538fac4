"""What becomes of a pretrained encoder when labels come."""

import abc
import functools

import equinox as eqx
import jax
import optax
from jaxtyping import PyTree

from ..learn.training import Training


class AbstractTuning(eqx.Module):
    """Which weights of a network with an `encoder` and a `decoder` learn from labels, and how fast."""

    @abc.abstractmethod
    def trainable(self, network: PyTree) -> PyTree:
        """Pytree of booleans: True where weights may change."""

    @abc.abstractmethod
    def optimiser(self, training: Training) -> optax.GradientTransformation:
        """AdamW with a cosine schedule."""


class Frozen(AbstractTuning):
    """The encoder stays as it is; only the decoder learns. Cheap, and the strictest test of a representation."""

    def trainable(self, network: PyTree) -> PyTree:
        """False at every weight of the encoder."""
        spec = jax.tree.map(eqx.is_inexact_array, network)
        return eqx.tree_at(lambda n: n.encoder, spec, jax.tree.map(lambda _: False, network.encoder))

    def optimiser(self, training: Training) -> optax.GradientTransformation:
        """One rate."""
        return training.optimiser()


class FineTuned(AbstractTuning):
    """Encoder and decoder learn together, the encoder at `scale` times the decoder's rate.

    **Arguments:**
    - `scale`: 1 for an encoder that starts at random; 0.1 to 0.3 keeps more of what was learned before.
    """

    scale: float = eqx.field(static=True, default=1.0)

    def trainable(self, network: PyTree) -> PyTree:
        """True at every weight."""
        return jax.tree.map(eqx.is_inexact_array, network)

    def optimiser(self, training: Training) -> optax.GradientTransformation:
        """One rate for the decoder, a share of it for the encoder."""
        return training.optimiser() if self.scale == 1.0 else _shared(training, self.scale)


@functools.lru_cache(maxsize=64)
def _shared(training: Training, scale: float) -> optax.GradientTransformation:
    """The same object for the same numbers, so that many fits of one shape share one compilation."""
    parts = {"encoder": training.optimiser(scale=scale), "decoder": training.optimiser()}
    return optax.multi_transform(parts, _labels)


def _labels(params: PyTree) -> PyTree:
    named = [jax.tree.map(lambda _, name=name: name, getattr(params, name)) for name in ("encoder", "decoder")]
    return eqx.tree_at(lambda n: (n.encoder, n.decoder), params, named)
