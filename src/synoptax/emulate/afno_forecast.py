"""An adaptive Fourier neural operator as an emulator, as in FourCastNet."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ..fields import Grid
from ..learn.networks import AdaptiveFourierOperator
from ..learn.objectives import AbstractDistance, SquaredDistance
from ..learn.training import Training
from .reader import Reader
from .schooling import EXAMPLE, NETWORK_CLAIMS, AbstractNetworkForecast


class AFNOForecast(AbstractNetworkForecast):
    """Patches mixed in Fourier space by weights that all waves share say how the newest field changes in one step.

    x(t + τ) = x(t) + s · F(past), F an `AdaptiveFourierOperator`. Use it for large grids and long records. Not for
    small ones, where `FNOForecast` or `UNetForecast` have fewer patches to learn across. Cost: see
    `AdaptiveFourierOperator`.

    **Arguments:**
    - `patch`: cells of a patch along y and x; one row of cells takes (1, n).
    - `width`, `depth`, `blocks`: size of tokens, layers, blocks of the matrices.
    - `steps`: of the forecast that training compares with the truth.
    - `distance`: of a forecast field from the true one.
    - `training`: how long and how fast.

    **Good values:** those of `AdaptiveFourierOperator`.

    **Fails when:** data are few: patches of cells have to be learned from them.

    Reference: Pathak et al. (2022), doi:10.48550/arXiv.2202.11214.
    """

    claims: ClassVar[frozenset[str]] = NETWORK_CLAIMS
    cite: ClassVar[str] = "Pathak et al. (2022), doi:10.48550/arXiv.2202.11214"

    patch: tuple[int, int] = eqx.field(static=True, default=(2, 2))
    width: int = eqx.field(static=True, default=64)
    depth: int = eqx.field(static=True, default=4)
    blocks: int = eqx.field(static=True, default=8)
    steps: int = eqx.field(static=True, default=1)
    distance: AbstractDistance = SquaredDistance()
    training: Training = Training()

    @classmethod
    def example(cls) -> "AFNOForecast":
        return cls(patch=(1, 1), width=16, depth=1, blocks=4, training=EXAMPLE)

    def build(self, reader: Reader, place: Grid, *, key: PRNGKeyArray) -> AdaptiveFourierOperator:
        """With learned positions."""
        return AdaptiveFourierOperator(
            reader.inputs,
            reader.outputs,
            patch=(min(self.patch[0], place.shape[0]), self.patch[1]),
            width=self.width,
            depth=self.depth,
            blocks=self.blocks,
            shape=place.shape,
            key=key,
        )
