"""How fast neighbouring states part."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ...core import InputError
from ...dynamics import AbstractDynamics, rollout
from ._tangents import Tangents


class LyapunovSpectrum(eqx.Module):
    """The rates at which neighbouring states part, in as many directions as were asked for.

    **Arguments:**
    - `exponents`: descending, per unit of the model's time.
    - `error`: standard error of each, from the pieces of the run.
    - `status`: that of the run; exponents of a run that blew up are not finite.
    """

    exponents: Float[Array, " count"]
    error: Float[Array, " count"]
    status: Int[Array, ""]

    @property
    def dimension(self) -> float:
        """Kaplan and Yorke's: j + Σ_{i≤j} λ_i / |λ_{j+1}|, j the most directions whose sum does not shrink.

        NaN when the sum of all directions that were followed still grows: follow more.
        """
        rates = np.asarray(self.exponents, float)
        total = np.cumsum(rates)
        if not np.all(np.isfinite(rates)) or total[-1] >= 0:
            return float("nan")
        j = int(np.argmax(total < 0))
        return j + (float(total[j - 1]) if j else 0.0) / abs(float(rates[j]))


def lyapunov_spectrum(
    dynamics: AbstractDynamics,
    state: PyTree,
    *,
    steps: int,
    key: PRNGKeyArray,
    count: int | None = None,
    pieces: int = 20,
    start: float | Float[Array, ""] = 0.0,
) -> LyapunovSpectrum:
    """The leading Lyapunov exponents of any model, a learned one as well, from one long run.

    Perturbations follow the tangent-linear model and are made orthonormal after every step (QR); λ_i is the mean
    logarithm of what the i-th stretches by, over dt. Use it to ask whether an emulator is as chaotic as what it
    learned from. When not: models with jumps, whose derivatives say nothing.

    Cost: `steps` steps of the model and of `count` tangents, and size · count² for each QR.

    **Arguments:**
    - `dynamics`: the model; exponents are those of its state, hidden variables included.
    - `state`: on the attractor already: roll out first.
    - `steps`: a multiple of `pieces + 1`; the first piece only aligns the perturbations.
    - `key`: for the first perturbations, and for the noise of a stochastic model.
    - `count`: how many exponents; all by default.
    - `pieces`: of the run, for the standard error; each should be longer than the memory of the flow.
    - `start`: time of `state`.

    **Good values:** Lorenz-63, RK4 at 0.01: 0.906, 0, -14.57, dimension 2.06; 1000 time units give the
    first to within 0.01.

    **Fails when:** exponents are close to each other or to zero: they converge as 1/time, and the error, which takes
    pieces to be independent, says too little about a drift.

    Reference: Benettin et al. (1980), doi:10.1007/BF02128236; Kaplan and Yorke (1979), doi:10.1007/BFb0064319.
    """
    size = ravel_pytree(state)[0].size
    wanted = size if count is None else count
    if not 1 <= wanted <= size:
        raise InputError(f"{wanted} exponents of a state of {size} numbers were asked for; ask for 1 to {size}.")
    if pieces < 2 or steps < 1 or steps % (pieces + 1):
        raise InputError(
            f"{steps} steps are not {pieces} pieces and one to begin with; give a multiple of {pieces + 1}."
        )
    turning, moving = jax.random.split(key)
    tangents = Tangents(dynamics, wanted)
    every = steps // (pieces + 1)
    run = rollout(tangents, tangents.around(state, key=turning), steps=steps, every=every, start=start, key=moving)
    rates = jnp.diff(run.fields, axis=0) / (every * dynamics.dt)
    order = jnp.argsort(-jnp.mean(rates, axis=0))
    error = jnp.std(rates, axis=0, ddof=1) / pieces**0.5
    return LyapunovSpectrum(jnp.mean(rates, axis=0)[order], error[order], run.status)
