"""A record of what instruments saw."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


class Observations(eqx.Module):
    """Values at regularly spaced times; a time without any has NaN throughout.

    **Arguments:**
    - `values`: shape (time, obs), NaN where missing; the size is fixed, so that networks may move and thin out.
    - `times`: shape (time,), in the unit of the model's `dt`; `steps` model steps apart, the first one as far from
      `start`.
    - `start`: when the model starts.
    - `steps`: model steps between two times of observation.
    """

    values: Float[Array, "time obs"]
    times: Float[Array, " time"]
    start: Float[Array, ""]
    steps: int = eqx.field(static=True)

    def __len__(self) -> int:
        return self.times.shape[0]

    @property
    def mask(self) -> Bool[Array, "time obs"]:
        """True where there is a finite value."""
        return jnp.isfinite(self.values)
