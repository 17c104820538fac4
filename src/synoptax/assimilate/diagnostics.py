"""What every analysis says about itself."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from .roots import after, inverse
from .vectors import Seen


def of_ensemble(
    seen: Seen, forecast: Float[Array, "member state"], analysis: Float[Array, "member state"]
) -> dict[str, Float[Array, ""]]:
    """Scalars of one analysis of an ensemble.

    - `chi2`: dᵀ (H P Hᵀ + R)⁻¹ d per observation, which is also Desroziers' mean of (y − H x_a)(y − H x_f) over R with
      x_a the Kalman analysis (2005, doi:10.1256/qj.05.108); 1 on average when P and R are right.
    - `dfs`: tr(H K), degrees of freedom for signal.
    - `innovation`: mean of (y − H x) in units of the observation error; zero without bias.
    - `innovation_variance`, `forecast_variance`: means over the observations of d² and of the ensemble's variance, in
      units of R: their difference is 1 when spread matches skill.
    - `observed`: number of observations.
    - `spread`, `increment`: root mean square of the analysis' standard deviation and of the change of the mean.
    """
    s, d = seen.anomalies, seen.innovation
    count = jnp.maximum(jnp.sum(seen.mask), 1).astype(d.dtype)
    small = s if s.shape[0] <= s.shape[1] else s.T  # in the smaller of the spaces of members and observations
    gram = after(small @ small.T, analysis)
    left = inverse(jnp.eye(gram.shape[0], dtype=gram.dtype) + gram)
    residual = d - s.T @ (left @ (s @ d)) if small is s else left @ d
    n = analysis.shape[0]
    middle = jnp.mean(analysis, axis=0)
    change = middle - jnp.mean(forecast, axis=0)
    variance = jnp.sum((analysis - middle[None]) ** 2, axis=0) / max(1, n - 1)
    return {
        "chi2": d @ residual / count,
        "dfs": jnp.sum(left * gram),
        "innovation": jnp.sum(d) / count,
        "innovation_variance": jnp.sum(d**2) / count,
        "forecast_variance": jnp.sum(s**2) / count,
        "observed": jnp.sum(seen.mask).astype(d.dtype),
        "spread": jnp.sqrt(jnp.mean(variance)),
        "increment": jnp.sqrt(jnp.mean(change**2)),
    }
