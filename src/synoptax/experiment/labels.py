"""Few labels out of many: which days keep their fine fields, and tasks of one shape whatever their number."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int, PRNGKeyArray

from ..core import InputError
from ..records import Samples, Task

_FEWEST = 2  # below that nothing has a spread


def labelled(task: Task, share: float, *, block: int, key: PRNGKeyArray) -> Task:
    """The same task with a share of its training and of its validation labels; all predictors stay, unlabelled.

    Labels come as runs of `block` consecutive days, as from a short campaign; the last run is cut to the exact number.
    With the same key a smaller share is a part of a larger one.

    **Arguments:**
    - `share`: of the times, above 0 and at most 1, at least two times of each.
    - `block`: times in a run; none reaches across a break in time.
    """
    if not 0.0 < share <= 1.0 or block < 1:
        raise InputError(
            f"A share of labels lies above 0 and at most at 1, in runs of 1 or more; given {share}, {block}."
        )
    first, second = jax.random.split(key)
    free = task.train.predictors if task.unlabelled is None else task.unlabelled
    train = task.train.at(_kept(task.train, share, block, first))
    return Task(train, task.valid.at(_kept(task.valid, share, block, second)), free, task.layout)


def repeated(samples: Samples, size: int) -> Samples:
    """The same samples over and over, each equally often, then without labels up to `size`.

    Fits on few and on many labels then have arrays of one shape and share one compilation; means and the chance to be
    in a batch stay those of the samples.
    """
    count = len(samples)
    if count > size:
        raise InputError(f"{count} samples do not fit into {size}; ask for at least as many.")
    index = np.arange(size)
    known = (index < count * (size // count)).reshape(-1, *[1] * (samples.truth.ndim - 1))
    filled = samples.at(index % count)
    return Samples(filled.predictors, jnp.where(known, filled.truth, jnp.nan))


def _kept(samples: Samples, share: float, block: int, key: PRNGKeyArray) -> Int[np.ndarray, " kept"]:
    """Ascending numbers of the times that keep their labels."""
    total = len(samples)
    count = min(max(round(share * total), _FEWEST), total)
    random = np.random.default_rng(np.asarray(jax.random.bits(key, (4,), "uint32")))
    offset = random.integers(block)
    cuts = np.flatnonzero(np.diff(np.asarray(samples.predictors.segment))) + 1
    runs = []
    for part in np.split(np.arange(total), cuts):
        runs += np.split(part, np.arange(offset or block, len(part), block))
    order = random.permutation(len(runs))
    return np.sort(np.concatenate([runs[i] for i in order])[:count])
