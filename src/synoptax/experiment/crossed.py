"""Root mean square errors with intervals, where errors of one time and errors of one place belong together."""

import dataclasses

import numpy as np

_RESAMPLES = 2000


@dataclasses.dataclass(frozen=True, eq=False)
class Crossed:
    """Sums of squared errors in the cells of times by places.

    Intervals resample times and places independently, and a cell counts as often as its time and its place together:
    the pigeonhole bootstrap (Owen 2007, doi:10.1214/07-AOAS122), which is wide rather than narrow. With a single time
    only places are resampled.

    **Arguments:**
    - `sums`, `counts`: shape (cell,).
    - `time`, `place`: shape (cell,), numbers.
    """

    sums: np.ndarray
    counts: np.ndarray
    time: np.ndarray
    place: np.ndarray

    @classmethod
    def of(cls, squares: np.ndarray, time: np.ndarray, place: np.ndarray) -> "Crossed":
        """From squared errors, one a reading; NaN does not count."""
        there = np.isfinite(squares)
        keys = np.stack([time, place])
        cells, number = np.unique(keys, axis=1, return_inverse=True)
        number, size = np.ravel(number), cells.shape[1]
        sums = np.bincount(number, np.where(there, squares, 0.0), size)
        return cls(sums, np.bincount(number, there.astype(float), size), cells[0], cells[1])

    def rmse(self) -> float:
        """Over all cells."""
        return float(np.sqrt(self.sums.sum() / max(self.counts.sum(), 1.0)))

    def interval(self) -> tuple[float, float]:
        """95 % interval of the root mean square error."""
        return _ends(self._drawn())

    def ratio(self, other: "Crossed") -> tuple[float, float, float]:
        """This error over another's on the same draws: value, low, high."""
        value = self.rmse() / other.rmse()
        return value, *_ends(self._drawn() / other._drawn())

    def _drawn(self) -> np.ndarray:
        random = np.random.default_rng(20240)
        weights = np.ones((_RESAMPLES, self.sums.size))
        for keys in (self.time, self.place):
            each, number = np.unique(keys, return_inverse=True)
            if each.size > 1:
                drawn = random.integers(0, each.size, (_RESAMPLES, each.size))
                flat = (np.arange(_RESAMPLES)[:, None] * each.size + drawn).ravel()
                counts = np.bincount(flat, minlength=_RESAMPLES * each.size).reshape(_RESAMPLES, each.size)
                weights *= counts[:, np.ravel(number)]
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.sqrt((weights @ self.sums) / (weights @ self.counts))


def _ends(drawn: np.ndarray) -> tuple[float, float]:
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    return float(low), float(high)
