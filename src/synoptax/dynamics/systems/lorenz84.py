"""The westerlies in three variables."""

from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ..base import AbstractSystem


class Lorenz84(AbstractSystem):
    """The general circulation at its smallest: a westerly current that feeds and is fed upon by one planetary wave.

    dx/dt = −y² − z² − a x + a F, dy/dt = x y − b x z − y + G, dz/dt = b x y + x z − z: x is the strength of the
    westerlies, y and z the cosine and sine phases of the wave. The quadratic terms conserve x² + y² + z². When to use:
    a first test with a season (let F vary) or with intermittency. When not: questions of dimension or localisation.
    Costs nothing.

    **Arguments:**
    - `a`: damping of the westerlies over that of the waves, dimensionless.
    - `b`: speed at which the westerlies carry the wave, dimensionless.
    - `heating`: F, contrast between pole and equator, dimensionless.
    - `contrast`: G, contrast between land and sea, dimensionless.

    A forcing of shape (3,), if given, is added to the tendency; a season is a forcing of a F′ on x. The unit of time is
    about five days.

    **Good values:** a = 1/4, b = 4, F = 8, G = 1.23 ("winter") with RK4 and dt = 0.05: leading Lyapunov exponent 0.23
    per time unit; 0.18 with G = 1.

    **Fails when:** F is near 6 ("summer"), where two periodic motions may be all there is.

    Reference: Lorenz (1984), doi:10.1111/j.1600-0870.1984.tb00230.x; Lorenz (2005),
    doi:10.1111/j.1600-0870.2005.00095.x.
    """

    a: float = 0.25
    b: float = 4.0
    heating: float = 8.0
    contrast: float = 1.23

    claims: ClassVar[frozenset[str]] = frozenset({"nonlinearity_conserves_energy"})
    cite: ClassVar[str] = "Lorenz (1984), doi:10.1111/j.1600-0870.1984.tb00230.x"

    @classmethod
    def example(cls) -> "Lorenz84":
        """Winter."""
        return cls()

    def start(self, *, key: PRNGKeyArray) -> Float[Array, "3"]:
        """Near the mean of the attractor."""
        return jnp.asarray([1.65, 0.49, 1.21]) + 0.3 * jax.random.normal(key, (3,))

    def tendency(
        self,
        state: Float[Array, "3"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
    ) -> Float[Array, "3"]:
        """Lorenz' equations (1) to (3)."""
        del time, action
        x, y, z = state
        rate = jnp.stack(
            [
                -(y**2) - z**2 - self.a * x + self.a * self.heating,
                x * y - self.b * x * z - y + self.contrast,
                self.b * x * y + x * z - z,
            ]
        )
        return rate if forcing is None else rate + forcing
