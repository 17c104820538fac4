"""Noise on the cells, errors weighed by wavelet band."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from ...learn.generate import AbstractWavelets, Daubechies4, DenoisingError, ScaledWavelets
from .base import AbstractOnCells, Drawing
from .pixels import same


class WeightedBands(AbstractOnCells):
    """As `Pixels`, but wavelet bands of the error count alike; noise stays white on the cells.

    When to use: as the control that tells weights from noise: `ScaledBands` changes both, `WaveletCanvas` the network
    besides. When not: to forecast; on three flows it follows for less than `Pixels`, on two of them for much less.
    Cost: of the network.

    **Arguments:**
    - `wavelets`: the bands.
    - `width`, `levels`: of the network.

    **Good values:** those of `Pixels`.

    **Fails when:** a band is nearly empty: errors there then count as much as those of large scales.

    Reference: none needed.
    """

    gaps: ClassVar[bool] = True

    wavelets: AbstractWavelets = Daubechies4(3)
    width: int = eqx.field(static=True, default=16)
    levels: int = eqx.field(static=True, default=3)

    def drawing(
        self,
        fields: Float[Array, "sample y x channel"],
        conditions: Float[Array, "sample y x input"],
        dropout: float,
        areas: Float[Array, "y x 1"] | None,
    ) -> Drawing:
        """Bands scaled by their standard deviation; a coefficient has no area of its own."""
        del conditions, areas
        return Drawing(same, same, same, DenoisingError(dropout, transform=ScaledWavelets.of(self.wavelets, fields)))
