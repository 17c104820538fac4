"""A trained FourDVarNet."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window
from .convolution import Convolution
from .reconstruction import AbstractReconstruction, Reconstruction, coverage, interpolated
from .stencil import AbstractStencil, AlongTime
from .unrolling import AbstractUnrolling, Unrolled


class Networks(eqx.Module):
    """All weights of a FourDVarNet.

    **Arguments:**
    - `inner`, `outer`: φ: the state at a place from its neighbours, bilinear units between two convolutions.
    - `gates`, `move`: the modulator: gates of a long short-term memory at each place, and the step from its output.
    - `weights`: logarithms of the weights of observation and prior term in the variational cost.
    """

    inner: Convolution
    outer: Convolution
    gates: Convolution
    move: Convolution
    weights: Float[Array, "2"]

    @classmethod
    def of(cls, size: int, hidden: int, where: AbstractStencil, *, key: PRNGKeyArray) -> "Networks":
        """For states of `size` numbers."""
        first, second, third, fourth = jax.random.split(key, 4)
        count = where.channels(size)
        return cls(
            Convolution.of(count, 3 * hidden, where.near, where, key=first),
            Convolution.of(2 * hidden, count, where.close, where, key=second, scale=0.5),
            Convolution.of(3 * count + 1 + hidden, 4 * hidden, where.far, where, key=third),
            Convolution.of(hidden, count, where.here, where, key=fourth, scale=0.1),
            jnp.asarray([-1.0, 0.0]),
        )

    def prior(self, fields: Float[Array, "length *space channel"]) -> Float[Array, "length *space channel"]:
        """φ."""
        plain, left, right = jnp.split(self.inner(fields), 3, axis=-1)
        return self.outer(jnp.concatenate([jnp.tanh(plain), jnp.tanh(left) * right], axis=-1))


class LearnedSolver(AbstractReconstruction):
    """A fixed number of learned steps down a learned variational cost. Made by `FourDVarNet.fit`.

    J(x) = ½ w₁ Σ |y − H x|²_R + ½ w₂ |x − φ(x)|², x_(k+1) = x_k − W LSTM(∇J(x_k), x_k), from interpolated observations.

    When to use: many windows of the kind it was trained on. When not: other networks, models or errors; nothing warns.
    Cost: `iterations` small matrix products at each place of the window; no run of the model.

    **Arguments:**
    - `networks`: weights.
    - `where`: they convolve.
    - `mean`, `scale`: of the states it was trained on, number by number.
    - `doubt`: mean squared errors on validation windows, number by number: its variances, the same at all times.
    - `iterations`: of the solver.
    - `unrolling`: how training differentiates them.

    **Good values:** see `FourDVarNet`.

    **Fails when:** the window leaves the training distribution.

    Reference: Fablet et al. (2021), doi:10.1029/2021MS002572.
    """

    networks: Networks
    where: AbstractStencil
    mean: Float[Array, " state"]
    scale: Float[Array, " state"]
    doubt: Float[Array, " state"]
    iterations: int = eqx.field(static=True)
    unrolling: AbstractUnrolling

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing", "differentiable"})
    cite: ClassVar[str] = "Fablet et al. (2021), doi:10.1029/2021MS002572"

    @classmethod
    def example(cls) -> "LearnedSolver":
        """Untrained, six numbers."""
        where = AlongTime((-1, 0, 1))
        networks = Networks.of(6, 4, where, key=jax.random.key(0))
        return cls(networks, where, jnp.zeros(6), jnp.ones(6), jnp.ones(6), 3, Unrolled())

    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """The last iterate; prior and dynamics are those of its training."""
        del prior, dynamics, key
        states = self.solve(window, operator)
        variance = jnp.broadcast_to(self.doubt.astype(states.dtype)[None], states.shape)
        good = jnp.all(jnp.isfinite(states))
        status = jnp.where(good, int(Status.successful), int(Status.nonfinite_state)).astype(jnp.int32)
        return Reconstruction(Estimate(states, variance), {}, status)

    def solve(self, window: Window, operator: AbstractObservation) -> Float[Array, "length state"]:
        """The states at the times of the window."""
        begin = (interpolated(window, self.mean, operator) - self.mean[None]) / self.scale[None]
        begin = self.where.fold(begin)
        hidden = self.networks.move.weight.shape[0]
        memory = jnp.zeros((*begin.shape[:-1], hidden), begin.dtype)
        known = self.where.fold(coverage(window, self.mean, operator)) > 0.0
        seen = jnp.any(known, axis=-1, keepdims=True).astype(begin.dtype)
        rates = jnp.exp(self.networks.weights).astype(begin.dtype)

        def step(carry):
            fields, output, cell = carry
            fit = rates[0] * jax.grad(lambda x: self._misfit(self.where.unfold(x), window, operator))(fields)
            smooth = rates[1] * jax.grad(self._roughness)(fields)
            given = jnp.concatenate([fit, smooth, fields, seen, output], axis=-1)
            forget, enter, leave, new = jnp.split(self.networks.gates(given), 4, axis=-1)
            cell = jax.nn.sigmoid(forget + 1.0) * cell + jax.nn.sigmoid(enter) * jnp.tanh(new)
            output = jax.nn.sigmoid(leave) * jnp.tanh(cell)
            return fields - self.networks.move(output), output, cell

        fields, _, _ = self.unrolling.solve(step, (begin, memory, memory), self.iterations)
        return self.where.unfold(fields) * self.scale[None] + self.mean[None]

    def _misfit(self, states: Array, window: Window, operator: AbstractObservation) -> Float[Array, ""]:
        """½ Σ |y − H x|²_R."""

        def one(state, values, mask, time):
            looks = operator.apply(state * self.scale + self.mean, time)
            departure = jnp.where(mask, values.astype(looks.dtype) - looks, 0.0)
            return operator.error(time).whiten(departure, mask=mask)

        return 0.5 * jnp.sum(jax.vmap(one)(states, window.values, window.mask, window.times) ** 2)

    def _roughness(self, fields: Array) -> Float[Array, ""]:
        """½ |x − φ(x)|²."""
        return 0.5 * jnp.sum((fields - self.networks.prior(fields)) ** 2)
