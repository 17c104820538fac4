"""Predictor fields as a short vector: principal components of normalised anomalies, and the phases of year and day."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..fields import Normaliser
from ..fields.climatology import usable_harmonics
from ..records import Predictors


class PrincipalComponents(eqx.Module):
    """x ↦ ((x − m)/s) E: every source normalised channel by channel, stacked, projected on the leading EOFs.

    Components are ordered by variance and scaled so that all of them together have variance one; a ridge penalty
    therefore presses hardest on the smallest-scale patterns. Missing (NaN) predictor cells count as their mean.

    **Arguments:**
    - `normalisers`: one per source.
    - `patterns`: shape (cell, component).
    - `centre`: shape (cell,).
    - `cycle`: numbers of yearly and daily harmonics appended after the components.
    """

    normalisers: tuple[Normaliser, ...]
    centre: Float[Array, " cell"]
    patterns: Float[Array, "cell component"]
    cycle: tuple[int, int] = eqx.field(static=True)

    @classmethod
    def of(cls, predictors: Predictors, *, components: int, variance: float = 0.999999) -> "PrincipalComponents":
        """From training predictors: at most `components`, and no more than explain `variance` of the total."""
        normalisers = tuple(Normaliser.of(f, per_place=f.ndim > 2) for f in predictors.fields)
        stacked = np.asarray(_stack(normalisers, predictors), np.float64)
        centre = stacked.mean(axis=0)
        left, singular, right = np.linalg.svd(stacked - centre, full_matrices=False)
        del left
        share = np.cumsum(singular**2) / max(np.sum(singular**2), 1e-30)
        count = min(components, int(np.searchsorted(share, variance)) + 1, len(singular))
        scale = np.sqrt(np.sum(singular**2) / len(stacked))
        dtype = predictors.phases.dtype
        cycle = usable_harmonics(np.asarray(predictors.phases))
        return cls(
            normalisers,
            jnp.asarray(centre, dtype),
            jnp.asarray(right[:count].T / max(scale, 1e-30), dtype),
            cycle,
        )

    def __call__(self, predictors: Predictors) -> Float[Array, "time feature"]:
        """Components, then cosines and sines of the phases, scaled to 0.3: they are few and smooth."""
        return _features(self, predictors)

    @property
    def components(self) -> int:
        """How many principal components there are; the remaining features are phases."""
        return self.patterns.shape[1]


@eqx.filter_jit
def _features(to: PrincipalComponents, predictors: Predictors) -> Float[Array, "time feature"]:
    columns = [(_stack(to.normalisers, predictors) - to.centre[None]) @ to.patterns]
    for i, count in enumerate(to.cycle):
        for k in range(1, count + 1):
            angle = k * predictors.phases[:, i : i + 1]
            columns += [0.3 * jnp.cos(angle), 0.3 * jnp.sin(angle)]
    return jnp.concatenate(columns, axis=1)


@eqx.filter_jit
def _stack(normalisers: tuple[Normaliser, ...], predictors: Predictors) -> Float[Array, "time cell"]:
    parts = [n.forward(f).reshape(f.shape[0], -1) for n, f in zip(normalisers, predictors.fields, strict=True)]
    stacked = jnp.concatenate(parts, axis=1)
    return jnp.where(jnp.isfinite(stacked), stacked, 0.0)
