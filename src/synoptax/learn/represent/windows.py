"""Windows of consecutive frames that never reach across a break in time."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from ...core import InputError
from ..batches import AbstractBatches


class Frames(eqx.Module):
    """Normalised fields at a run of times.

    **Arguments:**
    - `fields`: shape (time, y, x, channel), no gaps.
    - `segment`: shape (time,); equal numbers mark an unbroken run of times.
    """

    fields: Float[Array, "time y x channel"]
    segment: Int[Array, " time"]


class AbstractSlicing(eqx.Module):
    """Which windows a run of frames is cut into."""

    @abc.abstractmethod
    def starts(self, count: int, span: int) -> Int[np.ndarray, " window"]:
        """First frames of the windows in an unbroken run of `count` frames; a window spans `span` of them."""

    def index(self, segment: Int[Array, " time"], length: int, *, step: int = 1) -> Int[np.ndarray, "window length"]:
        """Frame numbers of every window, none across a change of `segment`.

        **Arguments:**
        - `length`: frames in a window; `step`: distance between them in times.

        **Raises:** `InputError` when no run is long enough.
        """
        numbers = np.asarray(segment)
        cuts = np.flatnonzero(np.diff(numbers)) + 1
        span = (length - 1) * step + 1
        runs = [(run[0], len(run)) for run in np.split(np.arange(len(numbers)), cuts) if len(run)]
        first = [start + self.starts(count, span) for start, count in runs if count >= span]
        starts = np.concatenate([np.empty(0, int), *first])
        if starts.size == 0:
            longest = max((count for _, count in runs), default=0)
            raise InputError(
                f"A window of {length} frames, {step} steps apart, needs {span} times in a row and the longest "
                f"unbroken run of the unlabelled data has {longest}; shorten the window or give longer runs."
            )
        return starts[:, None] + step * np.arange(length)


class AllWindows(AbstractSlicing):
    """Every window, the last of each run included."""

    def starts(self, count: int, span: int) -> Int[np.ndarray, " window"]:
        return np.arange(count - span + 1)


class WithoutLastWindow(AbstractSlicing):
    """Leaves out the last window of every run, as DynaMo's public code does (its range ends one too early).

    Only for comparison with that code; a run of exactly one window is lost altogether.
    """

    def starts(self, count: int, span: int) -> Int[np.ndarray, " window"]:
        return np.arange(count - span)


class Windows(AbstractBatches):
    """Batches of windows gathered from frames that are kept once: no copy per window.

    **Arguments:**
    - `frames`: shape (time, y, x, channel).
    - `index`: shape (window, length), frame numbers.
    - `size`: windows a batch; capped at their number.
    """

    frames: Float[Array, "time y x channel"]
    index: Int[Array, "window length"]
    size: int = eqx.field(static=True)

    def prepare(self, seeds: np.ndarray) -> PyTree:
        count = self.index.shape[0]
        size = min(self.size, count)
        return np.stack([np.random.default_rng(int(s)).permutation(count)[:size] for s in seeds]).astype(np.int32)

    def get(self, prepared: PyTree) -> PyTree:
        return self.at(prepared)

    def at(self, windows: Int[Array, " batch"]) -> Float[Array, "batch length y x channel"]:
        """Some of the windows."""
        return jnp.asarray(self.frames)[jnp.asarray(self.index)[windows]]


def encode(encoder: PyTree, frames: Float[Array, "batch length y x channel"]) -> Float[Array, "batch length dimension"]:
    """The vectors of all frames of a batch of windows."""
    flat = frames.reshape(-1, *frames.shape[2:])
    vectors = jax.vmap(lambda field: encoder(field).vector)(flat)
    return vectors.reshape(*frames.shape[:2], -1)
