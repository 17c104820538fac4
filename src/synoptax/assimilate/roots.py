"""Functions of the ensemble's small symmetric matrix whose derivatives stay finite when its eigenvalues meet."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float


def after(value: Float[Array, "*any"], done: Float[Array, "*other"]) -> Float[Array, "*any"]:
    """`value`, but not before `done` is there.

    Batched eigenvalue and QR calls of jaxlib 0.10 hand their parts to the pool of threads that they run on, and wait.
    Two such calls at once fill a pool of two threads and wait for ever. What could run side by side is therefore put in
    a row, by adding a zero that the compiler cannot see through.
    """
    one = jnp.ravel(jax.lax.stop_gradient(done))[0].astype(value.dtype)
    return value + jnp.where(jnp.isfinite(one), 0.0 * one, 0.0)


@jax.custom_jvp
def inverse_root(
    matrix: Float[Array, "n n"], factor: Float[Array, ""] | float = 1.0, shift: Float[Array, ""] | float = 0.0
) -> Float[Array, "n n"]:
    """(s I + f M)^(-1/2), symmetric, of a symmetric matrix M that leaves this positive definite.

    All factors f and shifts s of one matrix share its eigenvalues. The derivative is written with divided differences,
    dF_ij = −dM_ij / (√λi √λj (√λi + √λj)) in the basis of eigenvectors, and not with those of the eigenvectors, which
    divide by gaps between eigenvalues: members that outnumber the observations make these gaps zero (Higham 2008,
    Functions of Matrices, theorem 3.11).
    """
    values, vectors = jnp.linalg.eigh(matrix)
    return (vectors / jnp.sqrt(shift + factor * values)[None, :]) @ vectors.T


@inverse_root.defjvp
def _inverse_root_jvp(primals, tangents):
    (matrix, factor, shift), (change, change_of_factor, change_of_shift) = primals, tangents
    values, vectors = jnp.linalg.eigh(matrix)
    root = jnp.sqrt(shift + factor * values)
    a, b = root[:, None], root[None, :]
    own = jnp.diag(change_of_factor * values + change_of_shift)
    inner = factor * (vectors.T @ change @ vectors) + own
    out = (vectors / root[None, :]) @ vectors.T
    return out, vectors @ (-inner / (a * b * (a + b))) @ vectors.T


@jax.custom_jvp
def inverse(matrix: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """M⁻¹ of a symmetric positive definite matrix, by Cholesky: a tenth of the cost of eigenvalues at 24 rows."""
    lower = jnp.linalg.cholesky(matrix)
    left = jax.scipy.linalg.solve_triangular(lower, jnp.eye(matrix.shape[0], dtype=matrix.dtype), lower=True)
    return left.T @ left


@inverse.defjvp
def _inverse_jvp(primals, tangents):
    (matrix,), (change,) = primals, tangents
    out = inverse(matrix)
    return out, -out @ change @ out
