"""A method whose members lie on several devices."""

from typing import ClassVar

import equinox as eqx
import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PRNGKeyArray

from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Ensemble, Gaussian, Window
from .base import AbstractAnalysis, Update
from .etkf import ETKF
from .inflation import Multiplicative


class Sharded(AbstractAnalysis):
    """Any ensemble method with its members, or the places of their states, spread over devices.

    Numbers are those of one device to rounding. XLA splits the model runs (and, by places, the local analyses) and adds
    the exchange between devices that the analysis needs. When to use: ensembles or states that do not fit one device,
    or several devices that stand idle; `PartitionSpec("over")` where the model is dear, `PartitionSpec(None, "over")`
    where the local analyses are. When not: small problems, which wait for the exchange; many seeds, which are better
    spread themselves. Cost: that of the method over the number of devices, and the exchange.

    **Arguments:**
    - `method`: a method whose belief is an `Ensemble`.
    - `sharding`: of the members: a `NamedSharding` whose first axis is the member, the others those of the state.

    **Good values:** `Sharded(LETKF(...), NamedSharding(Mesh(jax.devices(), "over"), PartitionSpec("over")))`.

    **Fails when:** the devices do not divide the axis: JAX refuses, and says so.

    Reference: none needed; the method is that of `method`.
    """

    method: AbstractAnalysis
    sharding: NamedSharding = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset({"no_obs_is_identity", "kalman_exact", "survives_blow_up"})
    cite: ClassVar[str] = "that of the method"

    @classmethod
    def example(cls) -> "Sharded":
        """An ETKF on one device."""
        mesh = Mesh(np.asarray(jax.devices()[:1]), ("member",))
        return cls(ETKF(16, Multiplicative(1.0)), NamedSharding(mesh, PartitionSpec("member")))

    @property
    def length(self) -> int:
        """That of the method."""
        return self.method.length

    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> Ensemble:
        """The start of the method, spread."""
        return self._spread(self.method.start(prior, key=key))

    def update(
        self,
        belief: Ensemble,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """The update of the method, spread."""
        found = self.method.update(self._spread(belief), window, dynamics, operator, key=key)
        return eqx.tree_at(lambda u: u.belief, found, self._spread(found.belief))

    def _spread(self, belief: Ensemble) -> Ensemble:
        members = jax.lax.with_sharding_constraint(belief.members, self.sharding)
        return Ensemble(members, belief.log_weights, belief.memory)
