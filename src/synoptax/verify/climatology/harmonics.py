import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from .base import AbstractClimatology, AbstractExpectation, checked


class Harmonics(AbstractClimatology):
    """A smooth yearly cycle: the mean and the first harmonics of the year, by least squares at every place.

    c(φ) = a₀ + Σ_{k=1..count} (a_k cos kφ + b_k sin kφ)

    Use it with few training years, where a window is noisy. Cost: one small least-squares problem per pattern of missing
    values.

    **Arguments:**
    - `count`: harmonics; 2 follow the seasons of temperature, 4 monsoons.

    **Good values:** 2 or 3.

    **Fails when:** training covers a part of the year: the curve is not determined there; refused when fewer times than
    coefficients exist, and NaN at places that have fewer.

    Reference: Narapusetty, DelSole and Tippett (2009), doi:10.1175/2009JCLI2944.1.
    """

    count: int = 2

    def fit(self, training: Float[Array, "time channel *place"], phases: Float[Array, " time"]) -> "_Cycle":
        data, when = checked(training, phases)
        design = _design(when, self.count)
        if np.linalg.matrix_rank(design) < design.shape[1]:
            raise InputError(
                f"{len(when)} times on {np.unique(when).size} days of the year do not determine {self.count} harmonics; "
                "use fewer, or TimeMean()."
            )
        flat = data.reshape(len(when), -1)
        known = ~np.isnan(flat)
        found = np.full((design.shape[1], flat.shape[1]), np.nan)
        patterns, member = np.unique(known, axis=1, return_inverse=True)
        for index in range(patterns.shape[1]):
            rows, columns = patterns[:, index], np.flatnonzero(member.ravel() == index)
            if np.linalg.matrix_rank(design[rows]) == design.shape[1]:
                found[:, columns] = np.linalg.lstsq(design[rows], flat[rows][:, columns], rcond=None)[0]
        return _Cycle(found.reshape(-1, *data.shape[1:]))


class _Cycle(AbstractExpectation):
    coefficients: Float[np.ndarray, "coefficient channel *place"]

    def at(self, phases: Float[Array, " time"]) -> Float[np.ndarray, "time channel *place"]:
        count = (self.coefficients.shape[0] - 1) // 2
        return np.tensordot(_design(np.asarray(phases, dtype=np.float64), count), self.coefficients, axes=1)


def _design(phases: np.ndarray, count: int) -> np.ndarray:
    waves = [f(k * phases) for k in range(1, count + 1) for f in (np.cos, np.sin)]
    return np.stack([np.ones_like(phases), *waves], axis=1)
