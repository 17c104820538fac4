"""A vision transformer as an emulator, as in ClimaX."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ..fields import Grid
from ..learn.networks import VisionTransformer
from ..learn.objectives import AbstractDistance, SquaredDistance
from ..learn.training import Training
from .reader import Reader
from .schooling import EXAMPLE, NETWORK_CLAIMS, AbstractNetworkForecast


class ViTForecast(AbstractNetworkForecast):
    """Attention among patches of variables says how the newest field changes in one step.

    x(t + τ) = x(t) + s · V(past), V a `VisionTransformer`. Use it for many variables and links across the grid. Not
    with little data, nor on fine grids. Cost: see `VisionTransformer`.

    **Arguments:**
    - `patch`: cells of a patch along y and x; one row of cells takes (1, n).
    - `width`, `layers`, `heads`: size of tokens, blocks, attention heads.
    - `steps`: of the forecast that training compares with the truth.
    - `distance`: of a forecast field from the true one.
    - `training`: how long and how fast.

    **Good values:** those of `VisionTransformer`.

    **Fails when:** data are few: places are not alike to it before it has learned so.

    Reference: Nguyen et al. (2023), doi:10.48550/arXiv.2301.10343.
    """

    claims: ClassVar[frozenset[str]] = NETWORK_CLAIMS
    cite: ClassVar[str] = "Nguyen et al. (2023), doi:10.48550/arXiv.2301.10343"

    patch: tuple[int, int] = eqx.field(static=True, default=(2, 2))
    width: int = eqx.field(static=True, default=64)
    layers: int = eqx.field(static=True, default=4)
    heads: int = eqx.field(static=True, default=4)
    steps: int = eqx.field(static=True, default=1)
    distance: AbstractDistance = SquaredDistance()
    training: Training = Training()

    @classmethod
    def example(cls) -> "ViTForecast":
        return cls(patch=(1, 2), width=16, layers=1, heads=2, training=EXAMPLE)

    def build(self, reader: Reader, place: Grid, *, key: PRNGKeyArray) -> VisionTransformer:
        """For the shape of this grid."""
        return VisionTransformer(
            reader.inputs,
            reader.outputs,
            shape=place.shape,
            patch=(min(self.patch[0], place.shape[0]), self.patch[1]),
            width=self.width,
            layers=self.layers,
            heads=self.heads,
            key=key,
        )
