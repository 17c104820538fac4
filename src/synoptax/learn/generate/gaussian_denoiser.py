"""The denoiser of a normal distribution, in closed form."""

import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from .denoiser import AbstractDenoiser
from .processes import AbstractProcess


class GaussianDenoiser(AbstractDenoiser):
    """D = m + μ C (μ² C + σ²)⁻¹ (x − μ m) for x₀ ~ N(m, C): exact, without training.

    When to use: as the reference beside a trained denoiser (what does the network know beyond mean and covariance?),
    and to test samplers and guidance. When not: more than a few thousand numbers. Cost: two products with the
    eigenvectors an evaluation; one eigendecomposition when made.

    **Arguments:** made by `of(mean, covariance, process)`, or
    - `mean`: m, shape (size,).
    - `vectors`, `variances`: eigenvectors in columns and eigenvalues of C.
    - `process`: the noising process.

    **Fails when:** the data have modes or tails: its samples are normal whatever the data are.

    Reference: none needed.
    """

    mean: Float[Array, " size"]
    vectors: Float[Array, "size size"]
    variances: Float[Array, " size"]
    process: AbstractProcess

    @classmethod
    def of(
        cls, mean: Float[Array, " size"], covariance: Float[Array, "size size"], process: AbstractProcess
    ) -> "GaussianDenoiser":
        """From a mean and a covariance matrix; negative eigenvalues, which are rounding, become zero."""
        variances, vectors = jnp.linalg.eigh(covariance)
        return cls(mean, vectors, jnp.maximum(variances, 0.0), process)

    def __call__(
        self,
        noised: Float[Array, " size"],
        level: Float[Array, ""],
        condition: PyTree = None,
        *,
        key: PRNGKeyArray | None = None,
    ) -> Float[Array, " size"]:
        del condition, key
        signal, noise = self.process.signal(level), self.process.noise(level)
        gain = signal * self.variances / (signal**2 * self.variances + noise**2)
        return self.mean + self.vectors @ (gain * (self.vectors.T @ (noised - signal * self.mean)))
