"""A truth that only verification reads, and what was observed of it."""

import equinox as eqx
from jaxtyping import PyTree

from .observations import Observations


class Twin(eqx.Module):
    """One draw of a twin experiment.

    **Arguments:**
    - `truth`: fields at the times of observation, leading time axis. Only `verify` reads it.
    - `initial`: the true field at the start. Likewise.
    - `observations`: what methods see.
    - `prior`: what is believed about the state at the start, a `Gaussian`.
    """

    truth: PyTree
    initial: PyTree
    observations: Observations
    prior: PyTree
