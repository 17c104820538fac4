"""A window of frames as the channels of one field."""

from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


class StackedFrames(eqx.Module):
    """A denoising network of plain fields that is given windows (time, y, x, channel), their frames as channels.

    When to use: inside the denoiser of a `WindowedDenoiser`. When not: windows of more than some ten frames. Cost: that
    of the network with as many times the channels.

    **Arguments:**
    - `network`: called as `network(field, level, condition, key=key)`, with frames x channels in and out; a condition
      (time, y, x, condition) is stacked likewise.

    **Fails when:** the network's channels are not frames x channels.

    Reference: the network of windows in Rozet and Louppe (2023), doi:10.48550/arXiv.2306.10574.
    """

    network: Callable[..., Array]

    def __call__(
        self,
        frames: Float[Array, "time y x channel"],
        level: Float[Array, ""],
        condition: Float[Array, "time y x condition"] | None = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "time y x channel"]:
        """One window; `key` only where dropout is on."""
        time, y, x, channel = frames.shape
        given = None if condition is None else _stacked(condition)
        out = self.network(_stacked(frames), level, given, key=key)
        return jnp.moveaxis(out.reshape(y, x, time, channel), 2, 0)


def _stacked(frames: Float[Array, "time y x channel"]) -> Float[Array, "y x stacked"]:
    return jnp.moveaxis(frames, 0, 2).reshape(*frames.shape[1:3], -1)
