"""Where a model went."""

import equinox as eqx
from jaxtyping import Array, Float, Int, PyTree


class Trajectory(eqx.Module):
    """Fields at a run of times, the state at their end, and how it ended.

    Under `jax.vmap` every array gains a leading member axis, `status` included: one bad member leaves the others alone.

    **Arguments:**
    - `fields`: what was kept of each state (by default its projection), every array with a leading time axis.
    - `times`: shape (time,), in the unit of the model's `dt`.
    - `last`: the full state at the last time, to continue from.
    - `status`: a `Status` code: successful, or nonfinite_state from the first non-finite state on.
    """

    fields: PyTree
    times: Float[Array, " time"]
    last: PyTree
    status: Int[Array, ""]

    def __len__(self) -> int:
        return self.times.shape[0]
