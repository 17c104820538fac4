"""What the statistics that read a normal climatology begin with."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...core import InputError


def usual_std(
    std: float | tuple[float, ...] | Float[np.ndarray, "channel *place"] | None,
    given: Float[Array, "time channel *place"] | None,
    truth: Float[Array, "time channel *place"],
) -> Float[Array, "time channel *place"]:
    """The standard deviation of the climatology at every time and place; `given` where `std` is None.

    **Raises:** `InputError` for a `std` that fits neither the channels nor the places.
    """
    if std is None:
        assert given is not None  # `evaluate` refuses before it comes here
        return given
    array = jnp.asarray(std, truth.dtype)
    if array.shape not in ((), truth.shape[1:2], truth.shape[1:]):
        raise InputError(
            f"Climatological standard deviations of shape {array.shape} do not fit {truth.shape[1]} channels on "
            f"places of shape {truth.shape[2:]}; give one number, one per channel, or one per channel and place. What "
            "varies in time is `reference_std` of `evaluate`."
        )
    return jnp.broadcast_to(array.reshape(1, *array.shape, *(1,) * (truth.ndim - 1 - array.ndim)), truth.shape)
