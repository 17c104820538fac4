"""What made-up worlds share: the coarse fields are area means of the fine ones, and one run is cut in order of time."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np

from ..fields import Grid, Identity
from ..records import Layout, Samples, Source, Task
from .base import Fold


def made_layout(fine: Grid, *, factor: int, channels: tuple[str, ...], units: tuple[str, ...]) -> Layout:
    """Every variable is predictor and target; the orography is known."""
    return Layout(
        sources=(Source(fine.coarsened(factor), channels),),
        place=fine,
        channels=channels,
        units=units,
        transforms=tuple(Identity() for _ in channels),
        counterparts=tuple((0, i) for i in range(len(channels))),
        factor=factor,
        static_names=("orography",),
    )


def made_fold(
    name: str,
    layout: Layout,
    samples: Callable[[int, int], Samples],
    *,
    train: int,
    valid: int,
    test: int,
    gap: int,
    blocks: np.ndarray,
) -> Fold:
    """Training, validation and test times of one run, `gap` times between them; the reference is the training mean.

    **Arguments:**
    - `samples`: called with the first time and the one after the last.
    """
    cuts = np.cumsum([0, train, gap, valid, gap, test]).tolist()
    learn, tune, held = (samples(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=True))
    mean = jnp.broadcast_to(jnp.mean(learn.truth, axis=0), held.truth.shape)
    return Fold(name, Task(learn, tune, learn.predictors, layout), held, blocks, mean)
