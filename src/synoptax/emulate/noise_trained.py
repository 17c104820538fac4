"""An emulator that is taught from pasts with noise."""

import dataclasses
from typing import ClassVar

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from ..core import InputError, Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..records import Task
from .fno_forecast import FNOForecast
from .schooling import AbstractNetworkForecast, teach
from .unet_forecast import UNetForecast


class NoiseTrained(AbstractMethod):
    """A network learns from pasts with noise what truly came next: to undo small errors, which are then its own.

    min E |x̂(x(t) + σ ξ) − x(t + τ)|²,  ξ white on every cell: what the system does not do is damped.

    When to use: runs of a network that grow without bound, most of all on grids whose solver damps or cuts small
    scales. When not: the first steps alone matter, or errors of the size of the noise are what is to be forecast. Cost:
    of `method`.

    **Arguments:**
    - `method`: one of the networks.
    - `noise`: σ, in standard deviations of a variable.

    **Good values:** 0.03 to 0.1; try several and look at long runs on validation data: with too little they leave later
    but leave, with too much they follow for less. Use it from the start: a short second lesson with noise did not
    keep the runs in one trial on shallow water.

    **Fails when:** the noise hides what the next step depends on: small scales fade.

    Reference: Sanchez-Gonzalez et al. (2020), arXiv:2002.09405, where particles are disturbed; here cells are.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets"})
    cite: ClassVar[str] = "Sanchez-Gonzalez et al. (2020), arXiv:2002.09405"

    method: AbstractNetworkForecast = UNetForecast()
    noise: float = eqx.field(static=True, default=0.1)

    def __check_init__(self) -> None:
        if not isinstance(self.method, AbstractNetworkForecast):
            raise InputError(
                f"{type(self.method).__name__} does not train a network step by step; train one of the networks with "
                "noise, then continue it."
            )
        if not self.noise > 0:
            raise InputError(f"Training with noise needs a positive standard deviation; given {self.noise}.")

    @classmethod
    def example(cls) -> "NoiseTrained":
        return cls(FNOForecast.example(), 0.02)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`.

        **Raises:** `InputError` when the task is not one of forecasting fields on a grid from their own past.
        """
        first, second = jax.random.split(key)
        lesson = dataclasses.replace(self.method.lesson, noise=self.noise)
        return teach(self.method.fresh(task, key=first), task, lesson, key=second, monitor=monitor)
