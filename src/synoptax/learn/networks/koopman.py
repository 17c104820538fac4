"""Linear dynamics that cannot grow: damped rotations."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ...core import InputError


class KoopmanOperator(eqx.Module):
    """z(t + 1) = K z(t), K block-diagonal: pairs of numbers turn by θ and shrink by r = 1 / (1 + e^δ) < 1.

    K has the eigenvalues r e^{±iθ}, whatever δ and θ are trained to; n steps are r^n and nθ, and n may be a fraction.
    A real matrix with distinct complex eigenvalues inside the unit circle is this one in other coordinates,
    which the encoder and decoder around it learn.

    When to use: between an `Encoder` and a `Decoder`, as a stable forecast of slow and oscillating parts. When not: for
    chaos beyond its predictability, where it can only fade to the mean. Cost: 4 multiply-adds a pair and step, and two
    weights a pair.

    **Arguments:** (of the constructor)
    - `dimension`: size of z, even: pair k is (z_2k, z_2k+1).
    - `slowest`, `fastest`: periods in steps between which the start values of θ lie, evenly in frequency.
    - `memory`: steps in which amplitudes fall to 1/e at the start.

    **Good values:** periods from two steps to the length of a training window, a memory of some windows.

    **Fails when:** a growing mode is what matters: r cannot exceed one. Pairs never mix, so transient growth by
    eigenvectors that are nearly parallel has to come from the decoder.

    Reference: Lusch, Kutz and Brunton (2018), doi:10.1038/s41467-018-07210-0, with constant eigenvalues; the bound on r
    is ours.
    """

    damping: Float[Array, " pair"]
    angle: Float[Array, " pair"]

    def __init__(
        self,
        dimension: int,
        *,
        slowest: float = 64.0,
        fastest: float = 2.5,
        memory: float = 64.0,
        key: PRNGKeyArray,
    ):
        if dimension < 2 or dimension % 2:
            raise InputError(f"Rotations turn pairs of numbers; given a dimension of {dimension}, give an even one.")
        if not (slowest >= fastest >= 2 and memory > 0):
            raise InputError(
                f"Periods must be at least 2 steps, the slowest the longest, and memory positive; given {slowest}, "
                f"{fastest} and {memory}."
            )
        pairs = dimension // 2
        self.damping = jnp.full(pairs, jnp.log(jnp.expm1(1 / memory)))
        self.angle = jax.random.permutation(key, 2 * jnp.pi * jnp.linspace(1 / slowest, 1 / fastest, pairs))

    @property
    def modulus(self) -> Float[Array, " pair"]:
        """|λ| of every pair."""
        return jax.nn.sigmoid(-self.damping)

    @property
    def eigenvalues(self) -> Float[Array, "pair 2"]:
        """Real and imaginary part of r e^{iθ}; the conjugates are the other half of the spectrum."""
        return self.modulus[:, None] * jnp.stack([jnp.cos(self.angle), jnp.sin(self.angle)], axis=1)

    @property
    def spectral_radius(self) -> Float[Array, ""]:
        """The largest |λ|: at most one."""
        return jnp.max(self.modulus)

    def advance(self, latent: Float[Array, " dimension"]) -> Float[Array, " dimension"]:
        """One step."""
        return self.power(latent, 1.0)

    def power(self, latent: Float[Array, " dimension"], steps: Float[Array, ""] | float) -> Float[Array, " dimension"]:
        """That many steps at once, zero or more."""
        steps = jnp.asarray(steps, latent.dtype)
        size = jnp.exp(steps * jax.nn.log_sigmoid(-self.damping))
        cosine, sine = size * jnp.cos(steps * self.angle), size * jnp.sin(steps * self.angle)
        real, imaginary = latent[0::2], latent[1::2]
        turned = jnp.stack([cosine * real - sine * imaginary, sine * real + cosine * imaginary], axis=1)
        return turned.reshape(-1)
