"""Two-dimensional turbulence seen at few points by a model with the wrong friction: where localisation is needed."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ..dynamics import ETDRK4, AbstractDynamics, BarotropicVorticity, SteppedSemilinear
from ..observe import AbstractObservation, Diagonal, Periodic, Sites
from ..records import Gaussian
from .twin import AbstractTwinProblem

_SIZE = 64


def _flow(drag: float) -> AbstractDynamics:
    return SteppedSemilinear(BarotropicVorticity(_SIZE, drag=drag), ETDRK4(), 0.02)


def _network() -> AbstractObservation:
    """Every fourth point of every fourth row."""
    index = np.arange(_SIZE * _SIZE).reshape(_SIZE, _SIZE)[::4, ::4].ravel()
    return Sites(tuple(int(i) for i in index), Diagonal.of(index.size, 1.0))


class QGLocalised(AbstractTwinProblem):
    """Vorticity on a doubly periodic plane of 64 × 64 points, barotropic quasi-geostrophic, driven by bands of wind.

    256 points see the vorticity every 0.2 (10 steps) with unit error; its climatological deviation is 4.6 and errors
    double in about 0.6. The truth has a drag of 0.1, the model believes in 0.3. The state is 4096 numbers and the
    members are few, so that covariances of members between distant points are noise.

    Reference: the flow is that of Kochkov et al. (2021), doi:10.1073/pnas.2101784118; the setting (points, model error,
    localisation) follows Sakov and Oke (2008), doi:10.1111/j.1600-0870.2007.00299.x, section 4, on a cheaper flow:
    their scores are not to be compared.
    """

    truth_dynamics: AbstractDynamics = eqx.field(default_factory=lambda: _flow(0.1))
    model_dynamics: AbstractDynamics = eqx.field(default_factory=lambda: _flow(0.3))
    operator: AbstractObservation = eqx.field(default_factory=_network)
    steps: int = eqx.field(static=True, default=10)
    count: int = eqx.field(static=True, default=50)
    burn: int = eqx.field(static=True, default=15)
    spin_up: int = eqx.field(static=True, default=2500)
    spread: float = 1.0

    cite: ClassVar[str] = "Kochkov et al. (2021), doi:10.1073/pnas.2101784118"

    @classmethod
    def quick(cls) -> "QGLocalised":
        """Thirty times."""
        return cls(count=30, burn=10)

    def homogeneous(self, *, states: int = 400) -> Gaussian:
        """The model's own climatology with the same covariances everywhere, by its mean spectrum: no dense matrix."""
        fields = self.run(states=states).reshape(states, _SIZE, _SIZE)
        covariance = Periodic.estimated(jnp.asarray(fields, jnp.result_type(float)))
        return Gaussian(jnp.asarray(fields.mean(axis=0), jnp.result_type(float)), covariance)
