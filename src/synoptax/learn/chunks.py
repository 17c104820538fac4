"""Networks applied to many times, a chunk at a time."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..records import Predictors

Inputs = Any  # fields, phases, and what else was handed over
CHUNK = 32


def in_chunks(
    apply: Callable[[Inputs], Float[Array, "time *rest"]], predictors: Predictors, *more: Array
) -> Float[Array, "time *rest"]:
    """`apply` on (fields, phases, *more) of at most `CHUNK` times at once, all chunks of one length.

    Memory stays flat and nothing compiles twice. The loop is in Python on purpose: inside a compiled loop XLA's CPU
    convolutions are many times slower.
    """
    total = len(predictors)
    size = min(CHUNK, total)
    parts = []
    for start in range(0, total, size):
        at = np.minimum(np.arange(start, start + size), total - 1)
        parts.append(apply((tuple(f[at] for f in predictors.fields), predictors.phases[at], *(m[at] for m in more))))
    return jnp.concatenate(parts)[:total]
