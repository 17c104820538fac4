"""Noise of the wavelet bands' own size, on the cells of the field."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float

from ...learn.generate import AbstractWavelets, Daubechies4, DenoisingError, ScaledWavelets
from .base import AbstractOnCells, Drawing


class ScaledBands(AbstractOnCells):
    """Every wavelet band of variance one, as in `WaveletCanvas`, but back on cells, and the network of `Pixels`.

    x ↦ Wᵀ S⁻¹ W x,  W the orthonormal transform, S the standard deviation of each band: noise, paths and errors are
    those of `WaveletCanvas`, the network is not.

    When to use: as the control that tells what the network of Wavelet Flow Matching is worth. When not: to forecast
    where `Pixels` will do, which follows twice as long on Kuramoto-Sivashinsky; sides that two does not divide often
    enough. Cost: of the network.

    **Arguments:**
    - `wavelets`: the bands.
    - `width`, `levels`: of the network.

    **Good values:** those of `Pixels`.

    **Fails when:** a side is not a multiple of 2^levels of the wavelets, or cells have no value: refused.

    Reference: none needed; the scaling is that of `WaveletCanvas`.
    """

    gaps: ClassVar[bool] = False

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
        """Fields and conditions, each with scales of its own; a coefficient has no area of its own."""
        del areas
        own, given = (ScaledWavelets.of(self.wavelets, x) for x in (fields, conditions))
        return Drawing(_Scaled(own), _Unscaled(own), _Scaled(given), DenoisingError(dropout))


class _Scaled(eqx.Module):
    scaled: ScaledWavelets

    def __call__(self, field: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        return self.scaled.wavelets.inverse(self.scaled(field))


class _Unscaled(eqx.Module):
    scaled: ScaledWavelets

    def __call__(self, field: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        return self.scaled.inverse(self.scaled.wavelets(field))
