"""A trained AmortizedPosterior."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Status
from ..dynamics import AbstractDynamics
from ..learn.heads import Gaussian as GaussianHead
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window
from .convolution import Convolution
from .reconstruction import AbstractReconstruction, Reconstruction, coverage, interpolated
from .stencil import AbstractStencil, AlongTime


class Tower(eqx.Module):
    """Residual convolutions, from inputs to raw parameters of a normal distribution.

    **Arguments:**
    - `enter`, `leave`: to and from the hidden channels.
    - `blocks`: in between, x ← x + tanh(conv x).
    - `where`: they convolve.
    """

    enter: Convolution
    blocks: tuple[Convolution, ...]
    leave: Convolution
    where: AbstractStencil

    @classmethod
    def of(cls, size: int, hidden: int, blocks: int, where: AbstractStencil, *, key: PRNGKeyArray) -> "Tower":
        """For states of `size` numbers."""
        first, last, *between = jax.random.split(key, blocks + 2)
        count = 2 * where.channels(size)
        return cls(
            Convolution.of(count, hidden, where.far, where, key=first),
            tuple(Convolution.of(hidden, hidden, where.far, where, key=k, scale=0.5) for k in between),
            Convolution.of(hidden, count, where.here, where, key=last, scale=0.1),
            where,
        )

    def __call__(
        self, inputs: Float[Array, "length number"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, "length state 2"]:
        """Mean, as a correction of the first half of the inputs, and logarithm of the standard deviation."""
        del key
        joined, weight = jnp.split(inputs, 2, axis=1)
        x = self.enter(jnp.concatenate([self.where.fold(joined), self.where.fold(weight)], axis=-1))
        for block in self.blocks:
            x = x + jnp.tanh(block(x))
        move, log = (self.where.unfold(part) for part in jnp.split(self.leave(jnp.tanh(x)), 2, axis=-1))
        return jnp.stack([joined + move, log - 1.0], axis=-1)


class AmortizedReconstruction(AbstractReconstruction):
    """Means and variances of all states of a window, read off by networks. Made by `AmortizedPosterior.fit`.

    Each network gives N(μ, σ²) for every number and time; together their mean is m = ⟨μ⟩ and their variance
    v = ⟨σ²⟩ + Var μ, recalibrated on validation windows to a + b m and s v.

    When to use: many windows of one kind, answers at once, honest variances. When not: windows unlike those of
    training; joint draws of trajectories, as numbers and times are independent of each other. Cost: one pass through
    each network.

    **Arguments:**
    - `towers`: the networks, member axis first.
    - `mean`, `scale`: of the states of training, number by number.
    - `shift`, `slope`, `stretch`: a, b and s, number by number, in units of `scale`.

    **Good values:** see `AmortizedPosterior`.

    **Fails when:** the window leaves the training distribution: neither mean nor variance warns.

    Reference: Lakshminarayanan, Pritzel and Blundell (2017), arXiv:1612.01474.
    """

    towers: Tower
    mean: Float[Array, " state"]
    scale: Float[Array, " state"]
    shift: Float[Array, " state"]
    slope: Float[Array, " state"]
    stretch: Float[Array, " state"]

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing", "differentiable"})
    cite: ClassVar[str] = "Lakshminarayanan, Pritzel and Blundell (2017), arXiv:1612.01474"

    @classmethod
    def example(cls) -> "AmortizedReconstruction":
        """Two untrained networks, six numbers."""
        keys = jax.random.split(jax.random.key(0), 2)
        towers = eqx.filter_vmap(lambda k: Tower.of(6, 4, 1, AlongTime((-1, 0, 1)), key=k))(keys)
        return cls(towers, jnp.zeros(6), jnp.ones(6), jnp.zeros(6), jnp.ones(6), jnp.ones(6))

    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """One pass; prior and dynamics are those of its training."""
        del prior, dynamics, key
        mean, variance = pooled(self.towers, inputs(window, operator, self.mean, self.scale))
        mean = self.mean[None] + self.scale[None] * (self.shift[None] + self.slope[None] * mean)
        variance = variance * (self.stretch * self.scale**2)[None]
        good = jnp.all(jnp.isfinite(mean) & jnp.isfinite(variance))
        status = jnp.where(good, int(Status.successful), int(Status.nonfinite_state)).astype(jnp.int32)
        return Reconstruction(Estimate(mean, variance), {}, status)


def inputs(window: Window, operator: AbstractObservation, mean: Array, scale: Array) -> Float[Array, "length number"]:
    """Interpolated observations in units of `scale`, and what of them was observed at that very time."""
    joined = (interpolated(window, mean, operator) - mean[None]) / scale[None]
    return jnp.concatenate([joined, coverage(window, mean, operator)], axis=1)


def pooled(towers: Tower, given: Float[Array, "length number"]) -> tuple[Array, Array]:
    """Mean and variance of the mixture of all members."""
    raw = eqx.filter_vmap(lambda t: t(given))(towers)
    means, variances = GaussianHead().mean(raw), GaussianHead().variance(raw)
    return jnp.mean(means, axis=0), jnp.mean(variances, axis=0) + jnp.var(means, axis=0)
