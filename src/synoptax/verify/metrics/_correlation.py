"""Correlations from the five moments f, t, f², t², ft (last axis)."""

import numpy as np
from jaxtyping import Float


def centred(m: Float[np.ndarray, "... 5"]) -> Float[np.ndarray, "..."]:
    """Cov(f, t) / √(Var f Var t); NaN where either is constant to within rounding."""
    f, t, ff, tt, ft = (m[..., i] for i in range(5))
    vf, vt = ff - f * f, tt - t * t
    floor = 8 * np.finfo(float).eps
    ok = (vf > floor * ff) & (vt > floor * tt)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(ok, (ft - f * t) / np.sqrt(np.where(ok, vf * vt, 1.0)), np.nan)


def uncentred(m: Float[np.ndarray, "... 5"]) -> Float[np.ndarray, "..."]:
    """Σ f t / √(Σ f² Σ t²); NaN where either vanishes."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return m[..., 4] / np.sqrt(m[..., 2] * m[..., 3])
