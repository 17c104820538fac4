"""How much of its space a representation uses, and a sentence when it is hardly any."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .windows import Frames

POINT = 0.02  # relative spread below which all states look alike to a cosine
LINE = 1.5  # effective rank below which they vary along one direction only


class Health(eqx.Module):
    """Numbers that tell a collapsed representation from a useful one; one of each per member.

    A loss made of cosines does not see the scale of the states, so it may look fine while they fall together.

    **Arguments:**
    - `rank`: effective rank, from 0 (all states equal) to the dimension (all directions alike).
    - `spread`: standard deviation of one component, mean over components.
    - `relative`: root-mean-square distance from the mean state over the root-mean-square norm, 0 to 1.
    - `norm`: mean Euclidean norm of a state.
    """

    rank: Float[Array, "*member"]
    spread: Float[Array, "*member"]
    relative: Float[Array, "*member"]
    norm: Float[Array, "*member"]

    @property
    def collapsed(self) -> np.ndarray:
        """True where states have fallen to a point or onto a line (or are not finite)."""
        point = ~(np.asarray(self.relative) >= POINT)
        return point | ~(np.asarray(self.rank) >= LINE)

    def sentence(self) -> str:
        """What to say to the user; empty when all is well."""
        bad = np.atleast_1d(self.collapsed)
        if not bad.any():
            return ""
        rank, relative = (float(np.atleast_1d(np.asarray(v))[bad].min()) for v in (self.rank, self.relative))
        who = f"in {int(bad.sum())} of {bad.size} members " if bad.size > 1 else ""
        return (
            f"The representation collapsed {who}(effective rank {rank:.2f}, relative spread {relative:.3f}): frames "
            "can hardly be told apart; stop the gradient at the target, raise the covariance weight or lower the rate."
        )


def health(states: Float[Array, "sample dimension"], *, rows: int | None = None) -> Health:
    """The numbers of one cloud of states.

    **Arguments:**
    - `rows`: read the effective rank from at most this many states, spaced evenly: bounds the cost inside a fit.
    """
    states = jax.lax.stop_gradient(states)
    centred = states - jnp.mean(states, axis=0, keepdims=True)
    square = jnp.mean(jnp.sum(states**2, axis=1))
    variance = jnp.mean(centred**2, axis=0)
    total = jnp.sum(variance)
    relative = jnp.sqrt(total / jnp.where(square > 0, square, 1.0))
    few = states if rows is None or states.shape[0] <= rows else states[:: -(-states.shape[0] // rows)]
    return Health(
        effective_rank(few),
        jnp.mean(jnp.sqrt(variance)),
        jnp.where(square > 0, relative, 0.0),
        jnp.mean(jnp.sqrt(jnp.sum(states**2, axis=1))),
    )


def effective_rank(states: Float[Array, "sample dimension"]) -> Float[Array, ""]:
    """exp(−Σ pᵢ log pᵢ), pᵢ = σᵢ / Σσ, σ the singular values of the centred states; 0 when all states are equal.

    Singular values at the round-off of the uncentred states count as zero: else equal states would have the rank of
    their rounding errors.

    Reference: Roy and Vetterli (2007), The effective rank, EUSIPCO, pages 606-610.
    """
    centred = states - jnp.mean(states, axis=0, keepdims=True)
    gram = centred @ centred.T if centred.shape[0] < centred.shape[1] else centred.T @ centred
    # Squares of the singular values carry the round-off of the largest: 10 n eps of it is not signal.
    floor = 10 * gram.shape[0] * jnp.finfo(states.dtype).eps * jnp.maximum(jnp.trace(gram), 0.0)
    dust = jnp.finfo(states.dtype).eps ** 2 * 100 * jnp.sum(states**2)
    values = jnp.linalg.eigvalsh(gram)
    kept = values > jnp.maximum(floor, dust)
    sigma = jnp.where(kept, jnp.sqrt(jnp.where(kept, values, 1.0)), 0.0)
    sum_ = jnp.sum(sigma)
    share = sigma / jnp.where(sum_ > 0, sum_, 1.0)
    entropy = -jnp.sum(jnp.where(share > 0, share * jnp.log(jnp.where(share > 0, share, 1.0)), 0.0))
    return jnp.where(sum_ > 0, jnp.exp(entropy), 0.0)


def health_of(encoder, frames: Frames, *, most: int = 512, members: int | None = None) -> Health:
    """The health of an encoder's vectors on at most `most` frames, spaced evenly; one per member when there are any."""
    count = frames.fields.shape[0]
    some = jnp.asarray(frames.fields[:: -(-count // most)])
    one = eqx.filter_jit(_health)
    return (
        one(encoder, some) if members is None else eqx.filter_vmap(one, in_axes=(eqx.if_array(0), None))(encoder, some)
    )


def _health(encoder, fields: Float[Array, "time y x channel"]) -> Health:
    return health(jax.vmap(lambda field: encoder(field).vector)(fields))
