"""The probability-flow equation that Euler's and Heun's samplers share."""

from jaxtyping import Array, Float, PyTree

from ..denoiser import AbstractDenoiser


def slopes(
    denoiser: AbstractDenoiser, noised: Float[Array, "*field"], level: Float[Array, ""], condition: PyTree
) -> tuple[Float[Array, "*field"], Float[Array, "*field"]]:
    """(D, ε̂) of dx = D dμ + ε̂ dσ."""
    clean = denoiser(noised, level, condition)
    return clean, denoiser.process.white(noised, clean, level)


def along(
    denoiser: AbstractDenoiser,
    noised: Float[Array, "*field"],
    slope: tuple[Float[Array, "*field"], Float[Array, "*field"]],
    level: Float[Array, ""],
    following: Float[Array, ""],
) -> Float[Array, "*field"]:
    """x + D Δμ + ε̂ Δσ. With the slopes at the start of the step it is μ' D + σ' ε̂: the step of DDIM."""
    process = denoiser.process
    change = process.signal(following) - process.signal(level), process.noise(following) - process.noise(level)
    return noised + slope[0] * change[0] + slope[1] * change[1]
