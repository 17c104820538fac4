"""One window on Lorenz' three variables: a published benchmark as it is, and the same on the attractor."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..dynamics import RK4, Lorenz63, Stepped
from ..observe import Diagonal, Everything
from .window import AbstractStart, AbstractWindowProblem, NearFixedPoint


class Lorenz63Vardax(AbstractWindowProblem):
    """Every 0.05 all three variables are seen with errors of 0.5; the analysis of one window then runs free.

    The background is zero with standard deviations of 5, as published. With key 42 and the defaults a draw is that of
    the source: half a time unit of window, 9.5 of forecast. For the repaired problem start `OnAttractor()`.

    Reference: the benchmark of the package vardax (J. E. Johnson), notebooks on Lorenz-63.
    """

    start: AbstractStart = NearFixedPoint()
    times: int = eqx.field(static=True, default=11)
    steps: int = eqx.field(static=True, default=1000)
    past: int = eqx.field(static=True, default=0)

    every: ClassVar[int] = 5
    error: ClassVar[float] = 0.5
    doubt: ClassVar[float] = 5.0
    bound: ClassVar[float] = 4.0
    lost: ClassVar[float] = 2.0
    parts: ClassVar[Mapping[str, slice]] = MappingProxyType({})
    cite: ClassVar[str] = "vardax (J. E. Johnson), notebooks on Lorenz-63"

    @property
    def dynamics(self) -> Stepped:
        """Truth and model."""
        return Stepped(Lorenz63(), RK4(), 0.01)

    @property
    def operator(self) -> Everything:
        """All three variables."""
        return Everything(Diagonal.of(3, self.error**2))

    @property
    def rest(self) -> Float[Array, "3"]:
        """C+, where convection is steady."""
        system = Lorenz63()
        side = jnp.sqrt(system.beta * (system.rho - 1.0))
        return jnp.stack([side, side, jnp.asarray(system.rho - 1.0)])
