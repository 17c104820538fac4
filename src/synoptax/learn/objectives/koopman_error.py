"""What a linear operator between an encoder and a decoder is trained for."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .base import AbstractObjective


class KoopmanError(AbstractObjective):
    """L = mean_k |D Kᵏ E x₀ − x_k|² + α |D E x₀ − x₀|² + β mean_k |Kᵏ E x₀ − E x_k|² / |E x_k|².

    Batches are (past, phases, targets) as of `RolloutError`. The model has `encode(past)`, `operator.advance(latent)`
    and `decode(latent)`. A gap in the targets (NaN) counts as no error, and is encoded as the mean. All powers of K are
    trained at once, so that its rollouts never leave the latent space.

    **Arguments:**
    - `weights`: cell areas with mean one.
    - `reconstruction`, `linearity`: α and β.
    """

    weights: Float[Array, "y x"]
    reconstruction: float = eqx.field(static=True, default=1.0)
    linearity: float = eqx.field(static=True, default=0.1)

    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        del average, key
        past, _, targets = batch
        weights = jax.lax.stop_gradient(self.weights)[..., None]

        def one(past: Array, targets: Array) -> tuple[Array, Array, Array]:
            known = jnp.isfinite(targets)
            truth = jnp.where(known, targets, 0.0)
            latent = model.encode(past)
            again = jnp.mean(weights * (model.decode(latent) - past[-1]) ** 2)
            ahead, apart, before = [], [], past
            for k in range(targets.shape[0]):  # not a scan: XLA's CPU backend is slow at convolutions in loops
                latent = model.operator.advance(latent)
                error = jnp.where(known[k], model.decode(latent) - truth[k], 0.0)
                ahead.append(jnp.mean(weights * error**2))
                before = jnp.concatenate([before[1:], truth[k][None]])
                wanted = model.encode(before)
                apart.append(jnp.mean((latent - wanted) ** 2) / (jnp.mean(wanted**2) + 1e-6))
            return jnp.mean(jnp.stack(ahead)), again, jnp.mean(jnp.stack(apart))

        ahead, again, apart = (jnp.mean(x) for x in jax.vmap(one)(past, targets))
        total = ahead + self.reconstruction * again + self.linearity * apart
        return total, {"forecast": ahead, "reconstruction": again, "linearity": apart}
