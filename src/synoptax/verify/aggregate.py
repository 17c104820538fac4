"""Sums that add exactly: whatever the order and the size of the chunks, the same numbers."""

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from ..core import InputError


class Aggregate(eqx.Module):
    """Weighted sums and weights per block of time; adding two aggregates joins their blocks.

    Both are kept as a float64 and the rounding error of that float64 (Dekker 1971, doi:10.1007/BF01397083), so that a
    block that is cut between two chunks gives the same mean as one that is not.

    **Arguments:**
    - `blocks`: ascending numbers of the blocks of time.
    - `sums`: shape (2, block, channel, *bins): high and low word of Σ weight · value.
    - `weights`: shape (2, block, channel): high and low word of Σ weight.
    """

    blocks: Int[np.ndarray, " block"]
    sums: Float[np.ndarray, "2 block channel *bins"]
    weights: Float[np.ndarray, "2 block channel"]

    @classmethod
    def of(
        cls,
        sums: Float[np.ndarray, "time channel *bins"],
        weights: Float[np.ndarray, "time channel"],
        *,
        blocks: Int[np.ndarray, " time"],
    ) -> "Aggregate":
        """From one row per time; equal numbers in `blocks` mark the times of one block."""
        ids, where = np.unique(np.asarray(blocks), return_inverse=True)
        return cls(
            ids, _gather(np.asarray(sums, float), where, len(ids)), _gather(np.asarray(weights, float), where, len(ids))
        )

    def __add__(self, other: "Aggregate") -> "Aggregate":
        if self.sums.shape[2:] != other.sums.shape[2:]:
            raise InputError(
                f"Sums of shapes {self.sums.shape[2:]} and {other.sums.shape[2:]} do not add; "
                "evaluate all chunks with the same channels, places and number of members."
            )
        ids = np.union1d(self.blocks, other.blocks)
        mine, theirs = np.searchsorted(ids, self.blocks), np.searchsorted(ids, other.blocks)
        return Aggregate(
            ids,
            _add(_spread(self.sums, mine, len(ids)), _spread(other.sums, theirs, len(ids))),
            _add(_spread(self.weights, mine, len(ids)), _spread(other.weights, theirs, len(ids))),
        )

    @property
    def total(self) -> Float[np.ndarray, "block channel *bins"]:
        """Σ weight · value per block."""
        return self.sums[0] + self.sums[1]

    @property
    def weight(self) -> Float[np.ndarray, "block channel"]:
        """Σ weight per block."""
        return self.weights[0] + self.weights[1]

    def mean(self) -> Float[np.ndarray, "channel ..."]:
        """The weighted mean over all blocks; NaN for a channel without weight."""
        sums, weights = _fold(self.sums), _fold(self.weights)
        return divided(sums, weights)


def divided(sums: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Sums over weights, NaN where nothing was weighed."""
    w = weights.reshape(weights.shape + (1,) * (sums.ndim - weights.ndim))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(w > 0, sums / w, np.nan)


def _add(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Sum of two numbers of two words each: the high words add with their exact rounding error (Knuth's two-sum)."""
    with np.errstate(invalid="ignore", over="ignore"):
        high = a[0] + b[0]
        part = high - a[0]
        error = (a[0] - (high - part)) + (b[0] - part)
        low = error + a[1] + b[1]
        top = high + low
        return np.stack([top, low - (top - high)])


def _gather(rows: np.ndarray, where: np.ndarray, count: int) -> np.ndarray:
    """Rows added into their blocks, one row of every block at a time."""
    done = np.zeros((2, count, *rows.shape[1:]))
    order = np.argsort(where, kind="stable")
    grouped = where[order]
    rank = np.arange(len(order)) - np.searchsorted(grouped, grouped)
    for step in range(int(rank.max(initial=-1)) + 1):
        chosen = rank == step
        row = rows[order[chosen]]
        done[:, grouped[chosen]] = _add(done[:, grouped[chosen]], np.stack([row, np.zeros_like(row)]))
    return done


def _spread(words: np.ndarray, at: np.ndarray, count: int) -> np.ndarray:
    done = np.zeros((2, count, *words.shape[2:]))
    done[:, at] = words
    return done


def _fold(words: np.ndarray) -> np.ndarray:
    """The sum over blocks, halves added to halves."""
    while words.shape[1] > 1:
        half = words.shape[1] // 2
        rest = words[:, 2 * half :]
        words = np.concatenate([_add(words[:, :half], words[:, half : 2 * half]), rest], axis=1)
    return np.sum(words, axis=(0, 1))
