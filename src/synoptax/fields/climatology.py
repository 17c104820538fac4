"""Climatologies of training data: the mean seasonal and daily cycle, place by place."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import InputError

_BINS = 24


class HarmonicClimatology(eqx.Module):
    """mean + Σₖ aₖ cos(kφ) + bₖ sin(kφ), φ the phase of the year and of the day, fitted to each place by least squares.

    Harmonics of a cycle are used only as far as the training times cover it: all of them from seven tenths of the
    cycle, the first one from a sixth, none below (three weeks say nothing about the year).

    **Arguments:**
    - `coefficients`: shape (harmonic, *rest).
    - `yearly`, `daily`: numbers of harmonics in use.
    """

    coefficients: Float[Array, "harmonic *rest"]
    yearly: int = eqx.field(static=True)
    daily: int = eqx.field(static=True)

    @classmethod
    def of(
        cls, fields: Float[Array, "time *rest"], phases: Float[Array, "time 2"], *, yearly: int = 2, daily: int = 2
    ) -> "HarmonicClimatology":
        """Least squares with NaN left out; a place without any data gets NaN.

        **Raises:** `InputError` when there is no time.
        """
        values, angle = np.asarray(fields, np.float64), np.asarray(phases, np.float64)
        if values.shape[0] == 0:
            raise InputError("A climatology needs at least one training time; given none: check the training period.")
        years, days = usable_harmonics(angle, yearly=yearly, daily=daily)
        basis = _basis(angle, years, days, np)
        flat = values.reshape(values.shape[0], -1)
        solution = np.full((basis.shape[1], flat.shape[1]), np.nan)
        for pattern, columns in missing_patterns(flat):
            if pattern.sum() > 0:
                # a whisper of ridge: the first harmonic of a half-seen cycle is nearly collinear with the mean
                x = basis[pattern]
                gram = x.T @ x / len(x) + 1e-6 * np.eye(x.shape[1])
                solution[:, columns] = np.linalg.solve(gram, x.T @ flat[np.ix_(pattern, columns)] / len(x))
        shaped = solution.reshape(solution.shape[0], *values.shape[1:])
        return cls(jnp.asarray(shaped, jnp.asarray(fields).dtype), years, days)

    def __call__(self, phases: Float[Array, "time 2"]) -> Float[Array, "time *rest"]:
        """The climatology at the given phases."""
        basis = _basis(jnp.asarray(phases), self.yearly, self.daily, jnp)
        return jnp.tensordot(basis.astype(self.coefficients.dtype), self.coefficients, axes=1)


def missing_patterns(flat: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Columns of a (time, column) array grouped by where they are finite: [(times finite, column indices), ...]."""
    finite = np.isfinite(flat)
    if finite.all():
        return [(np.ones(len(flat), bool), np.arange(flat.shape[1]))]
    patterns, which = np.unique(finite, axis=1, return_inverse=True)
    which = np.asarray(which).reshape(-1)
    return [(patterns[:, i], np.flatnonzero(which == i)) for i in range(patterns.shape[1])]


def usable_harmonics(phases: np.ndarray, *, yearly: int = 2, daily: int = 2) -> tuple[int, int]:
    """How many of the wanted harmonics of the year and of the day the times at these phases can support."""
    return _usable(phases[:, 0], yearly), _usable(phases[:, 1], daily)


def _usable(angle: np.ndarray, wanted: int) -> int:
    covered = np.unique((angle / (2 * np.pi) * _BINS).astype(int) % _BINS).size / _BINS
    several = np.unique(np.round(angle, 6)).size
    few = several in (2, 4, 6, 8, 12) and covered >= several / _BINS and _even(angle)
    full = covered >= 0.7 or few
    if full:
        return min(wanted, (several - 1) // 2)
    return min(wanted, 1) if covered >= 1 / 6 else 0


def _even(angle: np.ndarray) -> bool:
    """Whether few distinct phases (such as 00, 06, 12, 18 UTC) are spread evenly over the cycle."""
    distinct = np.unique(np.round(angle, 6))
    gaps = np.diff(np.append(distinct, distinct[0] + 2 * np.pi))
    return bool(gaps.max() < 1.5 * gaps.min())


def _basis(angle, yearly: int, daily: int, np_):
    columns = [np_.ones_like(angle[:, 0])]
    for phase, count in ((angle[:, 0], yearly), (angle[:, 1], daily)):
        for k in range(1, count + 1):
            columns += [np_.cos(k * phase), np_.sin(k * phase)]
    return np_.stack(columns, axis=1)
