"""Filters as reconstructions of a window."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..core import InputError
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Gaussian, Observations, Window
from .base import AbstractAnalysis
from .cycle import cycle
from .etkf import ETKF
from .inflation import Multiplicative
from .reconstruction import AbstractReconstruction, Reconstruction
from .verdict import worst


class Cycled(AbstractReconstruction):
    """A filter run through a window: at each time the analysis there, which knows earlier observations only.

    When to use: to put filters beside smoothers and learned reconstructions of the same windows. When not: the best
    estimate of past states is wanted; take `WindowEnKS` or `WindowFourDVar`. Cost: that of the method, once for each
    time of the window.

    **Arguments:**
    - `method`: any analysis; of smoothers the analysis at the newest time is kept.

    **Good values:** `Cycled(ETKF(10, Multiplicative(1.05)))` on windows of Lorenz' three variables.

    **Fails when:** more places than the first one of the window are not active: times are then not regular.

    Reference: Kalman (1960), doi:10.1115/1.3662552, for filtering as apart from smoothing.
    """

    method: AbstractAnalysis

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing"})
    cite: ClassVar[str] = "Kalman (1960), doi:10.1115/1.3662552"

    @classmethod
    def example(cls) -> "Cycled":
        """Sixteen members, no inflation."""
        return cls(ETKF(16, Multiplicative(1.0)))

    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """One run of `cycle`; where no step leads to the first time, the model waits."""
        interval = window.steps * dynamics.dt
        observations = Observations(
            values=jnp.where(window.mask, window.values, jnp.nan),
            times=window.times,
            start=window.times[0] - interval,
            steps=window.steps,
        )
        waiting = _Waiting(dynamics, window.start, dynamics.dt)
        track = cycle(self.method, waiting, operator=operator, observations=observations, prior=prior, key=key)
        diagnostics = {name: jnp.mean(series) for name, series in track.diagnostics.items()}
        return Reconstruction(track.analysis, diagnostics, worst(track.status))


class _Waiting(AbstractDynamics):
    """A model that stands still until its start."""

    inner: AbstractDynamics
    until: Float[Array, ""]
    dt: float = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "_Waiting":
        raise InputError("It stands around another model; use Cycled.example().")

    def start(self, *, key: PRNGKeyArray) -> PyTree:
        return self.inner.start(key=key)

    def step(self, state, time, *, forcing=None, action=None, key=None) -> PyTree:
        moved = self.inner.step(state, time, forcing=forcing, action=action, key=key)
        early = time < self.until - 0.5 * self.dt
        return jax.tree.map(lambda new, old: jnp.where(early, old, new), moved, state)

    def lift(self, field: PyTree, *, key: PRNGKeyArray | None = None) -> PyTree:
        return self.inner.lift(field, key=key)

    def project(self, state: PyTree) -> PyTree:
        return self.inner.project(state)
