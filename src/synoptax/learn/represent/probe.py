"""How much of a known truth can be read off a representation by a linear map."""

import dataclasses

import numpy as np
from jaxtyping import Float

from ...core import InputError


@dataclasses.dataclass(frozen=True)
class Probe:
    """A ridge regression from states to a known truth, fitted on one set of runs and scored on another.

    Features are centred and divided by their common standard deviation, so that the scale of a representation, which
    means nothing, neither helps nor hurts.

    **Arguments:**
    - `penalty`: of the ridge, relative to the mean variance of a feature.
    - `components`: leading principal components whose products describe a pair of states.

    Reference: Alain and Bengio (2017), doi:10.48550/arXiv.1610.01644.
    """

    penalty: float = 1e-3
    components: int = 8

    def skill(
        self,
        train: tuple[Float[np.ndarray, "sample feature"], Float[np.ndarray, "sample target"]],
        test: tuple[Float[np.ndarray, "sample feature"], Float[np.ndarray, "sample target"]],
    ) -> float:
        """1 − error variance / variance on `test`, over all targets: 1 is perfect, 0 no better than the mean."""
        (x, y), (u, v) = ([np.asarray(a, np.float64) for a in pair] for pair in (train, test))
        if x.shape[1] != u.shape[1] or len(x) != len(y) or len(u) != len(v):
            raise InputError(
                f"Features {x.shape} and {u.shape} and targets {y.shape} and {v.shape} do not fit together."
            )
        centre, scale = x.mean(axis=0), np.sqrt(x.var(axis=0).mean())
        scale = scale if scale > 0 else 1.0
        x, u, mean = (x - centre) / scale, (u - centre) / scale, y.mean(axis=0)
        gram = x.T @ x / len(x) + self.penalty * np.eye(x.shape[1])
        slopes = np.linalg.solve(gram, x.T @ (y - mean) / len(x))
        return float(1.0 - np.sum((v - mean - u @ slopes) ** 2) / np.sum((v - v.mean(axis=0)) ** 2))

    def pairs(
        self, states: Float[np.ndarray, "run time dimension"], like: Float[np.ndarray, "run time dimension"]
    ) -> Float[np.ndarray, "run shorter feature"]:
        """Features of each pair of following states: both, and all products of their leading components.

        What changes between two states is seldom linear in them (a displacement of two angles is not); products of one
        state's components with the other's make it so.

        **Arguments:**
        - `like`: states whose principal components are used, the same for training and test.
        """
        flat = np.asarray(like, np.float64).reshape(-1, like.shape[-1])
        centre = flat.mean(axis=0)
        _, singular, right = np.linalg.svd(flat - centre, full_matrices=False)
        count = min(self.components, len(singular))
        spread = np.maximum(singular[:count] / np.sqrt(len(flat)), 1e-12 * max(singular[0], 1e-300))
        leading = (np.asarray(states, np.float64) - centre) @ right[:count].T / spread
        products = leading[:, :-1, :, None] * leading[:, 1:, None, :]
        products = products.reshape(*products.shape[:2], -1)
        both = np.concatenate([states[:, :-1], states[:, 1:]], axis=-1) - np.concatenate([centre, centre])
        both = both / max(float(np.sqrt(np.mean(both**2))), 1e-300)
        return np.concatenate([both, products], axis=-1)
