"""One window on Lorenz' forty variables, a quarter of them seen: a published benchmark, and the same with a past."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..dynamics import RK4, Lorenz96, Stepped
from ..observe import Diagonal, Sites
from .window import AbstractStart, AbstractWindowProblem, NearFixedPoint


class Lorenz96Vardax(AbstractWindowProblem):
    """Every 0.05 each fourth of forty variables is seen with unit errors; the analysis of one window then runs free.

    The background is zero with standard deviations of 5, as published: the 110 observations of half a time unit then
    leave 40 numbers poorly known. With key 0 and the defaults a draw is that of the source, with two time units of
    forecast. For the repaired problem give it a `past`.

    Reference: the benchmark of the package vardax (J. E. Johnson), notebooks on Lorenz-96.
    """

    start: AbstractStart = NearFixedPoint()
    times: int = eqx.field(static=True, default=11)
    steps: int = eqx.field(static=True, default=250)
    past: int = eqx.field(static=True, default=0)

    every: ClassVar[int] = 5
    error: ClassVar[float] = 1.0
    doubt: ClassVar[float] = 5.0
    bound: ClassVar[float] = 1.8
    lost: ClassVar[float] = 1.8
    parts: ClassVar[Mapping[str, slice]] = MappingProxyType({})
    cite: ClassVar[str] = "vardax (J. E. Johnson), notebooks on Lorenz-96"

    @property
    def dynamics(self) -> Stepped:
        """Truth and model."""
        return Stepped(Lorenz96(), RK4(), 0.01)

    @property
    def operator(self) -> Sites:
        """Ten of forty."""
        return Sites(tuple(range(0, 40, 4)), Diagonal.of(10, self.error**2))

    @property
    def rest(self) -> Float[Array, "40"]:
        """x = F."""
        return jnp.full(40, Lorenz96().force)
