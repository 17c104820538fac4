"""A U-Net as an emulator."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ..fields import Grid
from ..learn.networks import UNet, padding_of
from ..learn.objectives import AbstractDistance, SquaredDistance
from ..learn.training import Training
from .reader import Reader
from .schooling import EXAMPLE, NETWORK_CLAIMS, AbstractNetworkForecast


class UNetForecast(AbstractNetworkForecast):
    """A convolutional network at several resolutions says how the newest field changes in one step.

    x(t + τ) = x(t) + s · U(past). Use it first among the networks: local, fast, equivariant where the grid closes. Not
    where signals cross the grid in one step. Cost: about 20 x cells x width² multiply-adds a step and level.

    **Arguments:**
    - `width`, `levels`: channels at full resolution, number of resolutions.
    - `steps`: of the forecast that training compares with the truth.
    - `distance`: of a forecast field from the true one.
    - `training`: how long and how fast.

    **Good values:** width 32, 3 levels, learning rate 1e-3; then `Continued` with 4 to 8 steps.

    **Fails when:** rolled out far beyond its training: errors feed on themselves, and small scales fade. With a width
    of 8 or less the season has little effect or none, see `UNet`.

    Reference: Ronneberger, Fischer and Brox (2015), doi:10.1007/978-3-319-24574-4_28.
    """

    claims: ClassVar[frozenset[str]] = NETWORK_CLAIMS
    cite: ClassVar[str] = "Ronneberger, Fischer and Brox (2015), doi:10.1007/978-3-319-24574-4_28"

    width: int = eqx.field(static=True, default=32)
    levels: int = eqx.field(static=True, default=3)
    steps: int = eqx.field(static=True, default=1)
    distance: AbstractDistance = SquaredDistance()
    training: Training = Training()

    @classmethod
    def example(cls) -> "UNetForecast":
        return cls(width=8, levels=2, training=EXAMPLE)

    def build(self, reader: Reader, place: Grid, *, key: PRNGKeyArray) -> UNet:
        """Padded as the grid goes on."""
        padding = padding_of(place)
        return UNet(reader.inputs, reader.outputs, width=self.width, levels=self.levels, padding=padding, key=key)
