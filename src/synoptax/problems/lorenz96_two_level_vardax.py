"""One window on Lorenz' two levels, half of the slow ones seen: a published benchmark, and the same with a past."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..dynamics import RK4, LorenzUV, Stepped
from ..observe import Diagonal, Sites
from .window import AbstractStart, AbstractWindowProblem, NearFixedPoint


class Lorenz96TwoLevelVardax(AbstractWindowProblem):
    """Every 0.05 each second of eight slow variables is seen with errors of 0.5, none of the 64 fast ones.

    The background is zero with standard deviations of 5 for all numbers, as published; the fast ones have 0.3. With key
    0 and the defaults a draw is that of the source: 0.4 time units of window, 0.6 of forecast. For the repaired problem
    give it a `past`.

    Reference: the benchmark of the package vardax (J. E. Johnson), notebooks on two-level Lorenz-96.
    """

    start: AbstractStart = NearFixedPoint(0.05, 2000)
    times: int = eqx.field(static=True, default=9)
    steps: int = eqx.field(static=True, default=200)
    past: int = eqx.field(static=True, default=0)

    every: ClassVar[int] = 10
    error: ClassVar[float] = 0.5
    doubt: ClassVar[float] = 5.0
    bound: ClassVar[float] = 3.4
    lost: ClassVar[float] = 1.05
    parts: ClassVar[Mapping[str, slice]] = MappingProxyType({"slow": slice(0, 8), "fast": slice(8, 72)})
    cite: ClassVar[str] = "vardax (J. E. Johnson), notebooks on two-level Lorenz-96"

    @property
    def dynamics(self) -> Stepped:
        """Truth and model."""
        return Stepped(LorenzUV(slow=8, fast=8), RK4(), 0.005)

    @property
    def operator(self) -> Sites:
        """Four of eight slow variables."""
        return Sites((0, 2, 4, 6), Diagonal.of(4, self.error**2))

    @property
    def rest(self) -> Float[Array, "72"]:
        """Slow variables at F, fast ones at zero: steady without the coupling."""
        system = LorenzUV(slow=8, fast=8)
        return jnp.concatenate([jnp.full(8, system.force), jnp.zeros(64)])
