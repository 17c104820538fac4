"""CRPS of a normal climatology."""

from typing import ClassVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError
from ..base import AbstractLocal
from .normal_crps import normal_crps


class ClimatologyCRPS(AbstractLocal):
    """CRPS of the forecast N(c, std²), c the climatology at that time: what is known without a forecast."""

    uses_reference: ClassVar[bool] = True

    std: float | tuple[float, ...] | Float[np.ndarray, "channel *place"]

    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """Closed form."""
        assert reference is not None  # `evaluate` refuses before it comes here
        std = jnp.asarray(self.std, truth.dtype)
        if std.shape not in ((), truth.shape[1:2], truth.shape[1:]):
            raise InputError(
                f"Climatological standard deviations of shape {std.shape} do not fit {truth.shape[1]} channels on "
                f"places of shape {truth.shape[2:]}; give one number, one per channel, or one per channel and place."
            )
        each = std.reshape(1, *std.shape, *(1,) * (truth.ndim - 1 - std.ndim))
        return normal_crps(reference, jnp.broadcast_to(each, truth.shape), truth)
