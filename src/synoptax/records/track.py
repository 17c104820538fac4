"""What a run of analyses left behind."""

import equinox as eqx
from jaxtyping import Array, Float, Int, PyTree

from .estimate import Estimate


class Track(eqx.Module):
    """Estimates at the times of observation, one for each, and how the run went.

    Under `jax.vmap` every array gains a leading axis, `status` included.

    **Arguments:**
    - `forecast`: before the observations of its time were used.
    - `analysis`: after.
    - `smoothed`: with the observations of the whole window, at the time that leaves the window next; its times are
      `smoothed_times`. For filters it equals the analysis.
    - `times`, `smoothed_times`: shape (time,).
    - `kept`: what `view` read off the beliefs after each analysis, or None.
    - `diagnostics`: name to shape (time,).
    - `status`: shape (time,), `Status` codes of each analysis.
    - `last`: the belief at the end, to continue from.
    """

    forecast: Estimate
    analysis: Estimate
    smoothed: Estimate
    times: Float[Array, " time"]
    smoothed_times: Float[Array, " time"]
    kept: PyTree
    diagnostics: dict[str, Float[Array, " time"]]
    status: Int[Array, " time"]
    last: PyTree
