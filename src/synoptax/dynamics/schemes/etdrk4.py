"""Exponential time differencing of fourth order."""

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact

from ..semilinear import AbstractExponentialScheme, Coefficients, Nonlinear, like

CIRCLE = np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)  # points of the contour, radius one


class ETDRK4(AbstractExponentialScheme):
    """The linear part exactly, the rest by a Runge-Kutta rule of fourth order: stiff spectral models at large steps.

    With z = λ dt: a = e^(z/2) c + Q N(c), b = e^(z/2) c + Q N(a), d = e^(z/2) a + Q (2 N(b) − N(c)),
    c(t + dt) = e^z c + f₁ N(c) + 2 f₂ (N(a) + N(b)) + f₃ N(d). Q, f₁, f₂, f₃ are differences that cancel near z = 0 and
    are therefore means over a circle about z. When to use: diffusion of high order, waves that a diagonal operator
    carries. When not: an equation that is not stiff, where RK4 does the same. Costs four evaluations of N a step; the
    weights are made once a compilation unless λ is traced.

    **Good values:** dt = 0.25 to 0.5 for the Kuramoto-Sivashinsky equation with 128 points on 32π.

    **Fails when:** N itself is stiff, or |ω| dt of its fastest oscillation exceeds about 2.8. Where stiff
    modes follow what N does to them the slope of the error is about three until λ dt is of order one for them: on the
    Kuramoto-Sivashinsky equation 3.0 at dt = 0.25 and 3.8 at 0.01.

    Reference: Kassam and Trefethen (2005), doi:10.1137/S1064827502410633, after Cox and Matthews (2002),
    doi:10.1006/jcph.2002.6995.
    """

    order: ClassVar[int] = 4
    cite: ClassVar[str] = "Kassam and Trefethen (2005), doi:10.1137/S1064827502410633"

    def advance(
        self,
        linear: Inexact[Array, "*modes"],
        nonlinear: Nonlinear,
        coefficients: Coefficients,
        time: Float[Array, ""],
        dt: float,
    ) -> Coefficients:
        """Equations (2.5) of the paper, in the notation above."""
        whole, half, q, f1, f2, f3 = (like(w, coefficients) for w in _weights(linear, dt))
        here = nonlinear(coefficients, time)
        a = half * coefficients + q * here
        at_a = nonlinear(a, time + dt / 2)
        b = half * coefficients + q * at_a
        at_b = nonlinear(b, time + dt / 2)
        d = half * a + q * (2 * at_b - here)
        at_d = nonlinear(d, time + dt)
        return whole * coefficients + f1 * here + 2 * f2 * (at_a + at_b) + f3 * at_d


def _weights(linear: Inexact[Array, "*modes"], dt: float) -> tuple[Inexact[Array, "*modes"], ...]:
    """e^z, e^(z/2), Q, f₁, f₂, f₃."""
    traced = isinstance(linear, jax.Array) or isinstance(dt, jax.Array)
    xp = jnp if traced else np
    z = linear * dt
    r = z[..., None] + CIRCLE.reshape((1,) * z.ndim + CIRCLE.shape)
    e = xp.exp(r)
    differences = (
        (xp.exp(r / 2) - 1) / r,
        (-4 - r + e * (4 - 3 * r + r**2)) / r**3,
        (2 + r + e * (r - 2)) / r**3,
        (-4 - 3 * r - r**2 + e * (4 - r)) / r**3,
    )
    means = [dt * xp.mean(x, axis=-1) for x in differences]
    if z.dtype.kind != "c":
        means = [x.real for x in means]
    return (xp.exp(z), xp.exp(z / 2), *means)
