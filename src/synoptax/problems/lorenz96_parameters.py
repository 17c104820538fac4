"""Forty variables whose force is not known."""

from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..dynamics import RK4, Augmented, Lorenz96, Stepped
from ..observe import Diagonal, Stacked
from ..records import Gaussian, Twin
from .lorenz96_bocquet2013 import Lorenz96Bocquet2013
from .twin import AbstractTwinProblem


class Lorenz96Parameters(eqx.Module):
    """Lorenz' forty variables, all observed every 0.2 with unit error; F is 8, and the model's F is a guess.

    The guess is drawn about the truth with standard deviation `doubt`, another one with each key, so that the prior of
    the parameter is honest. A wrong F is an error of the model: it pushes all variables the same way all the time.

    **Arguments:**
    - `setting`: truth, instruments, schedule.
    - `doubt`: standard deviation of the first guess of F.

    Reference: after Bocquet and Sakov (2013), Joint state and parameter estimation with an iterative ensemble Kalman
    smoother, doi:10.5194/npg-20-803-2013; the guesses and the schedule are our own.
    """

    setting: AbstractTwinProblem = eqx.field(default_factory=lambda: Lorenz96Bocquet2013(count=600, burn=200))
    doubt: float = 1.0

    cite: ClassVar[str] = "Bocquet and Sakov (2013), doi:10.5194/npg-20-803-2013"

    @classmethod
    def quick(cls) -> "Lorenz96Parameters":
        """Two hundred times."""
        return cls(Lorenz96Bocquet2013(count=200, burn=100))

    @property
    def force(self) -> float:
        """The true F."""
        return self.setting.truth_dynamics.system.force  # type: ignore[attr-defined]

    def simulate(self, key: PRNGKeyArray) -> tuple[Twin, Float[Array, ""]]:
        """A draw of the setting, and a guess of F."""
        twin = self.setting.simulate(key)
        return twin, self.force + self.doubt * jax.random.normal(jax.random.fold_in(key, 1))

    def model(self, force: Float[Array, ""]) -> Stepped:
        """The model with this F."""
        return Stepped(Lorenz96(force=force), RK4(), self.setting.model_dynamics.dt)  # type: ignore[arg-type]

    def augmented(self, force: Float[Array, ""]) -> Augmented:
        """The model whose state holds F, guessed to be this."""
        return Augmented(self.model(force), _force, ("force",), (self.doubt,))

    def believed(self, twin: Twin, force: Float[Array, ""]) -> Gaussian:
        """The prior of the state and of F."""
        doubt = Diagonal(jnp.full(1, self.doubt**2, twin.prior.mean.dtype))
        return Gaussian(self.augmented(force).lift(twin.prior.mean), Stacked((twin.prior.covariance, doubt)))


def _force(dynamics: Stepped) -> Any:
    return dynamics.system.force  # type: ignore[attr-defined]
