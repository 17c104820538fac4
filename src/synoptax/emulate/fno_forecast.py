"""A Fourier neural operator as an emulator."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ..fields import Grid
from ..learn.networks import FourierOperator
from ..learn.objectives import AbstractDistance, SquaredDistance
from ..learn.training import Training
from .reader import Reader
from .schooling import EXAMPLE, NETWORK_CLAIMS, AbstractNetworkForecast


class FNOForecast(AbstractNetworkForecast):
    """Global convolutions in Fourier space say how the newest field changes in one step.

    x(t + τ) = x(t) + s · F(past), F a `FourierOperator`. Use it for smooth fields on periodic boxes and lines, and
    where signals cross the grid within a step. Not on regional grids, whose edges it would join. Cost: see
    `FourierOperator`.

    **Arguments:**
    - `width`, `depth`: channels within, number of layers.
    - `modes`: waves kept along y and x; one row of cells takes (1, n) of them.
    - `steps`: of the forecast that training compares with the truth.
    - `distance`: of a forecast field from the true one.
    - `training`: how long and how fast.

    **Good values:** width 32, 4 layers, a third of the waves that the grid holds.

    **Fails when:** what matters is finer than the waves kept. On a globe it takes the two poles for neighbours.

    Reference: Li et al. (2021), doi:10.48550/arXiv.2010.08895.
    """

    claims: ClassVar[frozenset[str]] = NETWORK_CLAIMS
    cite: ClassVar[str] = "Li et al. (2021), doi:10.48550/arXiv.2010.08895"

    width: int = eqx.field(static=True, default=32)
    depth: int = eqx.field(static=True, default=4)
    modes: tuple[int, int] = eqx.field(static=True, default=(12, 12))
    steps: int = eqx.field(static=True, default=1)
    distance: AbstractDistance = SquaredDistance()
    training: Training = Training()

    @classmethod
    def example(cls) -> "FNOForecast":
        return cls(width=8, depth=2, modes=(2, 3), training=EXAMPLE)

    def build(self, reader: Reader, place: Grid, *, key: PRNGKeyArray) -> FourierOperator:
        """No more waves along y than the rows carry."""
        rows = min(self.modes[0], max(1, place.shape[0] // 2))
        modes = (rows, self.modes[1])
        return FourierOperator(reader.inputs, reader.outputs, width=self.width, modes=modes, depth=self.depth, key=key)
