"""Any network of fields as the network of a denoiser."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from .modulated import FEATURES, fourier


class LevelChannels(eqx.Module):
    """A network of one field that is given the level of noise and the condition as further channels.

    When to use: to try a ResNet, a Fourier neural operator or a transformer as a denoiser. When not: with U-Nets, for
    which `ConditionedUNet` costs less. Cost: that of the network with more input channels.

    **Arguments:**
    - `network`: called as `network(field, key=key)`; its input channels are those of the field and of the condition
      and `LevelChannels.extra`.

    **Fails when:** the network normalises each of its input channels over the grid: constant channels are then lost.

    Reference: none needed.
    """

    network: Callable[..., Array]

    extra: ClassVar[int] = FEATURES

    def __call__(
        self,
        field: Float[Array, "y x channel"],
        level: Float[Array, ""],
        condition: Float[Array, "y x condition"] | None = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "y x channel"]:
        """One field; `key` only where dropout is on."""
        features = jnp.broadcast_to(fourier(level)[None, None], (*field.shape[:2], FEATURES)).astype(field.dtype)
        parts = [field, features] if condition is None else [field, condition, features]
        return self.network(jnp.concatenate(parts, axis=-1), key=key)
