"""What a network is given of the past, and what is made of its answer."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree

from ..core import InputError
from ..fields import Grid, Normaliser
from ..fields.climatology import usable_harmonics
from ..learn.objectives import AbstractStepper
from ..records import Layout, Task


class Reader(AbstractStepper):
    """x(t + τ) = x(t) + s · network(past, static fields, season), all normalised, one mean and deviation a channel.

    **Arguments:**
    - `normaliser`: of the variables, from training targets.
    - `change`: shape (channel,), s: the standard deviation of x(t + τ) − x(t).
    - `static`: shape (y, x, static), normalised.
    - `there`: shape (y, x, channel): where the variables have values at all; elsewhere the networks see zero.
    - `cycle`: harmonics of the year and of the day that the training times can support.
    """

    normaliser: Normaliser
    change: Float[Array, " channel"]
    static: Float[Array, "y x static"]
    there: Bool[Array, "y x channel"]
    cycle: tuple[int, int] = eqx.field(static=True)
    history: int = eqx.field(static=True)

    @classmethod
    def of(cls, task: Task, *, who: str) -> "Reader":
        """Statistics of the training samples.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past.
        """
        history = own_past(task.layout, who=who)
        truth, given = task.train.truth, task.train.predictors
        normaliser = Normaliser.of(truth, task.layout.transforms)
        there = jnp.moveaxis(jnp.any(jnp.isfinite(truth), axis=0), 0, -1)
        static = given.static
        if static.shape[0]:
            static = Normaliser.of(static[None]).forward(static)
        static = jnp.moveaxis(jnp.where(jnp.isfinite(static), static, 0.0), 0, -1).astype(truth.dtype)
        cycle = usable_harmonics(np.asarray(given.phases))
        reader = cls(normaliser, jnp.ones(truth.shape[1], truth.dtype), static, there, cycle, history)
        moved = np.asarray(reader.fields_in(truth) - reader.past(given.fields[0])[:, -1])
        change = np.sqrt(np.nanmean(moved**2, axis=(0, 1, 2)))
        return eqx.tree_at(lambda r: r.change, reader, jnp.asarray(np.maximum(change, 1e-6), truth.dtype))

    @property
    def outputs(self) -> int:
        """Channels that a network answers with: one a variable."""
        return self.there.shape[-1]

    @property
    def inputs(self) -> int:
        """Channels that a network is given: the past, oldest first, then static fields, then the season."""
        return self.history * self.there.shape[-1] + self.static.shape[-1] + 2 * sum(self.cycle)

    def past(self, fields: Float[Array, "time stacked y x"]) -> Float[Array, "time history y x channel"]:
        """Predictors, neighbours stacked into channels, as normalised fields one after the other; NaN stays."""
        count = self.there.shape[-1]
        split = fields.reshape(fields.shape[0], self.history, count, *fields.shape[2:])
        last = jnp.moveaxis(self.normaliser.forward(split), 2, -1)
        return jnp.where(self.there[None, None], last, 0.0)

    def fields_in(self, fields: Float[Array, "time channel y x"]) -> Float[Array, "time y x channel"]:
        """Normalised targets; NaN stays."""
        return jnp.moveaxis(self.normaliser.forward(fields), 1, -1)

    def fields_out(self, fields: Float[Array, "time y x channel"]) -> Float[Array, "time channel y x"]:
        """Back in physical units."""
        return self.normaliser.inverse(jnp.moveaxis(fields, -1, 1))

    def stack(self, past: Float[Array, "history y x channel"], phases: Float[Array, "2"]) -> Float[Array, "y x inputs"]:
        """Everything that a network reads, as one stack of maps."""
        waves = [
            wave(k * phases[i])
            for i, n in enumerate(self.cycle)
            for k in range(1, n + 1)
            for wave in (jnp.cos, jnp.sin)
        ]
        rows, columns = past.shape[1:3]
        constant = jnp.broadcast_to(jnp.asarray(waves, past.dtype), (rows, columns, len(waves)))
        return jnp.concatenate([*past, self.static.astype(past.dtype), constant], axis=-1)

    def advance(
        self,
        network: PyTree,
        past: Float[Array, "history y x channel"],
        phases: Float[Array, "2"],
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, "y x channel"]:
        """The newest field and the change that the network says."""
        step = self.change.astype(past.dtype)[None, None] * network(self.stack(past, phases), key=key)
        return jnp.where(self.there, past[-1] + step, 0.0)


def own_past(layout: Layout, *, who: str) -> int:
    """How many past fields a forecasting task gives.

    **Raises:** `InputError` when it is not one of fields on a grid from their own past.
    """
    source = layout.sources[0]
    own = len(layout.sources) == 1 and source.place == layout.place and source.variables == layout.channels
    if not own or not isinstance(layout.place, Grid):
        raise InputError(
            f"{who} forecasts fields on a grid from their own past; give it a task whose only predictors are the "
            "variables of its targets on the same grid."
        )
    if source.neighbours != tuple(range(1 - len(source.neighbours), 1)):
        raise InputError(f"{who} needs a past ..., -1, 0 without a gap; the task has {source.neighbours}.")
    return len(source.neighbours)
