"""Networks that move and thin out."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree

from ..core import InputError
from .base import AbstractObservation
from .covariances import AbstractCovariance, Diagonal
from .sites import inside


class Moving(AbstractObservation):
    """y = x[index(t)] + ε: ships, balloons, swaths: another set of entries at every time.

    The set is that of the nearest time; the number of places is fixed, and −1 stands for no instrument, which sees NaN
    and is masked like a missing value. When to use: networks known in advance. When not: one that never changes; take
    `Sites`. Costs the number of places.

    **Arguments:**
    - `times`: shape (time,), ascending, in the unit of the model.
    - `index`: shape (time, obs), entries of the field as one vector, −1 for none.
    - `covariance`: of ε, as many rows as obs.

    **Good values:** `Moving.random(times, size=40, count=20, covariance=Diagonal.of(20, 1.0), seed=0)`.

    **Fails when:** a time is far from all that are known: the nearest set is taken silently. An index outside of the
    field is refused, unless the operator is itself an argument of a compiled function: `cycle` looks before.

    Reference: none needed.
    """

    times: Float[Array, " time"]
    index: Int[Array, "time obs"]
    covariance: AbstractCovariance

    claims: ClassVar[frozenset[str]] = frozenset({"linear", "differentiable"})
    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        if self.index.ndim != 2 or self.index.shape != (self.times.shape[0], self.covariance.size):
            raise InputError(
                f"An index needs shape (time, obs) = ({self.times.shape[0]}, {self.covariance.size}); given "
                f"{self.index.shape}. Pad rows with -1."
            )

    @classmethod
    def random(
        cls,
        times: Float[Array | np.ndarray, " time"],
        *,
        size: int,
        count: int,
        covariance: AbstractCovariance,
        seed: int,
    ) -> "Moving":
        """`count` of `size` entries at every time, drawn without repetition."""
        random = np.random.default_rng(seed)
        rows = [np.sort(random.choice(size, count, replace=False)) for _ in range(len(times))]
        return cls(jnp.asarray(times, jnp.result_type(float)), jnp.asarray(np.stack(rows)), covariance)

    @classmethod
    def example(cls) -> "Moving":
        """Three instruments at time 0, two at time 1."""
        return cls(jnp.asarray([0.0, 1.0]), jnp.asarray([[0, 2, 5], [7, 1, -1]]), Diagonal.of(3, 0.5))

    def apply(self, field: PyTree, time: Float[Array, ""]) -> Float[Array, " obs"]:
        """The entries of the nearest time, NaN where there is no instrument."""
        chosen, vector = self._chosen(time), ravel_pytree(field)[0]
        if not isinstance(self.index, jax.core.Tracer):
            inside(int(np.asarray(self.index).max()), vector.size, "Moving")
        seen = vector[jnp.maximum(chosen, 0)]
        return jnp.where(chosen >= 0, seen, jnp.nan)

    def error(self, time: Float[Array, ""]) -> AbstractCovariance:
        """The same at all times."""
        del time
        return self.covariance

    def places(self, time: Float[Array, ""]) -> Float[Array, "obs axis"]:
        """Numbers of the entries; −1 where there is no instrument."""
        return self._chosen(time).astype(jnp.result_type(float))[:, None]

    def _chosen(self, time: Float[Array, ""]) -> Int[Array, " obs"]:
        return self.index[jnp.argmin(jnp.abs(self.times - time))]
