"""What methods with a predictive distribution share: one head a channel, and the values that it describes."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..fields import Normaliser
from ..learn.heads import AbstractHead, BernoulliGamma, Gaussian
from ..records import Layout, Samples
from .target import Target

_DRY = 0.05  # with a larger share of exact zeros, a channel is taken for rain


class Predictive(eqx.Module):
    """Fields as rows of values that heads describe: normalised, and with zero kept at zero where a head has a floor.

    **Arguments:**
    - `target`: normalised anomalies of the transformed field.
    - `heads`: one per channel, in the units of the values.
    - `offset`: shape (cell,), what is added to an anomaly to make a value.
    """

    target: Target
    heads: tuple[AbstractHead, ...]
    offset: Float[Array, " cell"]

    @classmethod
    def of(cls, samples: Samples, layout: Layout, head: AbstractHead | None) -> "Predictive":
        """From training samples; without a `head`, Bernoulli-gamma for channels with many exact zeros, else normal."""
        target = Target.of(samples, layout, None)
        heads = tuple(_head(np.asarray(samples.truth[:, i]), target, i, head) for i in range(len(layout.channels)))
        ratio = (target.normaliser.mean / target.normaliser.std).reshape(len(heads), -1)
        keep = jnp.asarray([h.floor is not None for h in heads])
        return cls(target, heads, jnp.where(keep[:, None], ratio, 0.0).reshape(-1))

    def values(self, samples: Samples) -> Float[np.ndarray, "time cell"]:
        """NaN where the truth is missing."""
        return np.asarray(self.target.rows(samples)) + np.asarray(self.offset)

    def fields(self, values: Float[Array, "time cell"]) -> Float[Array, "time channel *fine"]:
        """The inverse, in physical units; dry is exactly zero."""
        plain = self.target.normaliser
        floors = jnp.asarray([h.floor is not None for h in self.heads]).reshape(-1, *[1] * (plain.mean.ndim - 1))
        shift = Normaliser(jnp.where(floors, 0.0, plain.mean), plain.std, plain.transforms)
        return shift.inverse(values.reshape(values.shape[0], *plain.mean.shape))

    def known(self, values: Float[np.ndarray, "time cell"]) -> list[np.ndarray]:
        """Per channel, the places in a row that were ever observed; the others have no distribution."""
        cells = np.arange(values.shape[1]).reshape(len(self.heads), -1)
        return [own[np.isfinite(values[:, own]).any(axis=0)] for own in cells]


def _head(truth: np.ndarray, target: Target, channel: int, head: AbstractHead | None) -> AbstractHead:
    truth = truth[np.isfinite(truth)]
    if head is None:
        rain = truth.size > 0 and truth.min() >= 0 and np.mean(truth == 0) > _DRY and truth.max() > 0
        # the smallest amount above zero is what the data count as wet
        head = BernoulliGamma(float(truth[truth > 0].min())) if rain else Gaussian()
    transform = target.layout.transforms[channel]
    std = float(np.asarray(target.normaliser.std[channel]).reshape(-1)[0])

    def scaled(value: float) -> float:
        # just below, so that rounding does not make the least wet amount a dry one
        return (1 - 1e-4) * float(transform.forward(jnp.asarray(value))) / std

    return head.mapped(scaled)
