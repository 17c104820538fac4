"""The iterative ensemble Kalman smoother of one window."""

from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Int, PRNGKeyArray, PyTree

from ..core import InputError, Status
from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window
from .ensemble_fit import EnsembleFit
from .propagate import along
from .reconstruction import AbstractReconstruction, Reconstruction
from .vectors import Seen, flatten, observed
from .verdict import worse
from .weight_prior import AbstractWeightPrior, Plain


class WindowIEnKS(AbstractReconstruction):
    """The IEnKS moved through the window: 4DVar in the space of the members, quasi-static, without adjoint.

    An ensemble stands `lag` blocks of `block` times before the newest block. Gauss-Newton on its weights fits the
    observations of the newest block, each at its own time (see `IEnKS` for the equations); then the ensemble moves on
    by one block, and leaves the states on its way as the answer. At the beginning of the window it stays at the start
    while observations come in, block by block. Each observation is used once, and reaches back over the whole lag.

    When to use: windows longer than strong 4DVar can fit from their start; no adjoint; variances wanted. When not:
    fewer members than unstable directions, since it does not localise; strongly wrong models. Cost: `members` times
    (1 + `iterations`) times `lag` runs over the window.

    **Arguments:**
    - `members`: N, at least 2; more than unstable and neutral directions.
    - `lag`: blocks from the ensemble to the end of the newest block.
    - `block`: times of the window whose observations come in together.
    - `iterations`: of Gauss-Newton.
    - `prior`: of the weights.
    - `inflation`: factor of the anomalies after each analysis.

    **Good values:** 20 members, a lag of 4, blocks of 8 and 1.05 for Lorenz' three variables: mean squared error 0.44
    on the card `lorenz63_fablet2021`, quick, where `WindowEnKS` has 1.73 and `WeakFourDVar` 0.19.

    **Fails when:** errors grow out of the linear range within the lag, or the first blocks do not tell in which valley
    of the cost a climatological prior has to descend.

    Reference: Bocquet and Sakov (2014), doi:10.1002/qj.2236.
    """

    members: int = eqx.field(static=True, default=20)
    lag: int = eqx.field(static=True, default=8)
    block: int = eqx.field(static=True, default=8)
    iterations: int = eqx.field(static=True, default=3)
    prior: AbstractWeightPrior = Plain()
    inflation: float = 1.0

    claims: ClassVar[frozenset[str]] = frozenset({"ignores_missing", "smooths_its_ensemble"})
    cite: ClassVar[str] = "Bocquet and Sakov (2014), doi:10.1002/qj.2236"

    def __check_init__(self) -> None:
        if self.members < 2 or min(self.lag, self.block, self.iterations) < 1:
            raise InputError(
                "A WindowIEnKS needs two members and a lag, a block and iterations of at least 1; given "
                f"{self.members}, {self.lag}, {self.block} and {self.iterations}."
            )

    @classmethod
    def example(cls) -> "WindowIEnKS":
        """Sixteen members, blocks of two times, a lag that holds the window of the laws."""
        return cls(16, lag=4, block=2, iterations=2)

    def reconstruct(
        self,
        window: Window,
        *,
        prior: Gaussian,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        key: PRNGKeyArray,
    ) -> Reconstruction:
        """Block by block to the end, then the last ensemble to the end of the window."""
        drawing, moving = jax.random.split(key)
        blocks, before = -(-len(window) // self.block), (self.lag - 1) * self.block
        padded = _padded(window, before, blocks * self.block - len(window))

        def one(carry: tuple[PyTree, Int[Array, ""]], number: Int[Array, ""]):
            members, status = carry
            part = _part(padded, number * self.block, self.lag * self.block)
            path, new = self._analysed(members, part, dynamics, operator, key=jax.random.fold_in(moving, number))
            late = jax.tree.map(lambda x: x[self.block - 1], path)
            left = jax.tree.map(lambda x: x[: self.block], path)
            rest = jax.tree.map(lambda x: x[self.block :], path)
            return (late, worse(status, new)), (_moments(left, dynamics), _moments(rest, dynamics))

        begin = (prior.sample(self.members, key=drawing).members, jnp.asarray(int(Status.successful), jnp.int32))
        (_, status), (left, rest) = jax.lax.scan(one, begin, jnp.arange(blocks))

        def joined(done: Array, last: Array) -> Array:
            every = jnp.concatenate([done.reshape(-1, *done.shape[2:]), last[-1]])
            return every[before : before + len(window)]

        return Reconstruction(jax.tree.map(joined, left, rest), {}, status)

    def _analysed(
        self, members: PyTree, part: Window, dynamics: AbstractDynamics, operator: AbstractObservation, *, key
    ) -> tuple[PyTree, Int[Array, ""]]:
        """Members at all times of the part once its newest block is fitted, and the worst status."""
        flat, back = flatten(members)
        mean = jnp.mean(flat, axis=0)
        anomalies = flat - mean[None]

        def again(carry, _):
            fit, status = carry
            path, new = along(back(fit.states(mean, anomalies)), part, dynamics, key=key)
            return (fit.improved(self._newest(path, part, dynamics, operator), self.prior), worse(status, new)), None

        begin = (EnsembleFit.none(self.members, flat.dtype), jnp.asarray(int(Status.successful), jnp.int32))
        (fit, status), _ = jax.lax.scan(again, begin, length=self.iterations)
        found = fit.states(mean, anomalies)
        middle = jnp.mean(found, axis=0)[None]
        found = middle + self.inflation * (found - middle)
        found = jnp.where(jnp.any(part.mask[-self.block :]), found, flat)
        path, new = along(back(found), part, dynamics, key=key)
        return path, worse(status, new)

    def _newest(self, path: PyTree, part: Window, dynamics: AbstractDynamics, operator: AbstractObservation) -> Seen:
        """The newest block as one vector of observations."""
        late = (jax.tree.map(lambda x: x[-self.block :], path), part.values, part.mask, part.times)
        late = (late[0], *(x[-self.block :] for x in late[1:]))
        seen = jax.vmap(lambda m, y, k, t: observed(m, y, k, t, dynamics, operator))(*late)
        anomalies = jnp.moveaxis(seen.anomalies, 0, 1).reshape(self.members, -1)
        return Seen(anomalies, seen.innovation.reshape(-1), seen.mask.reshape(-1), seen.independent)


def _padded(window: Window, before: int, after: int) -> Window:
    """Places that take no time and see nothing, at both ends."""

    def grown(x: Array) -> Array:
        return jnp.pad(x, [(before, after)] + [(0, 0)] * (x.ndim - 1))

    first = jnp.full(before, window.start, window.times.dtype)
    times = jnp.concatenate([first, window.times, jnp.repeat(window.times[-1:], after)])
    return Window(
        grown(window.values), grown(window.mask), times, window.start, grown(window.active), window.index, window.steps
    )


def _part(window: Window, offset: Int[Array, ""], length: int) -> Window:
    """Consecutive places."""
    values, mask, times, active = (
        jax.lax.dynamic_slice_in_dim(x, offset, length)
        for x in (window.values, window.mask, window.times, window.active)
    )
    start = jnp.concatenate([window.start[None], window.times])[offset]
    return Window(values, mask, times, start, active, window.index, window.steps)


def _moments(path: PyTree, dynamics: AbstractDynamics) -> Estimate:
    """Mean and variance at each time of a path of members."""
    fields = jax.vmap(jax.vmap(dynamics.project))(path)
    mean = jax.tree.map(lambda x: jnp.mean(x, axis=1), fields)
    return Estimate(mean, jax.tree.map(lambda x: jnp.var(x, axis=1, ddof=1), fields))
