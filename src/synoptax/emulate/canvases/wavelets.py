"""Noise on wavelet coefficients, each band of variance one."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray

from ...learn.generate import AbstractWavelets, Daubechies4, DenoisingError, ScaledWavelets
from ...learn.networks import AbstractPadding, WaveletUNet
from .base import AbstractCanvas, Drawing


class WaveletCanvas(AbstractCanvas):
    """Coefficients of an orthonormal transform, scaled band by band, and a `WaveletUNet` with a head for each band.

    With `FlowMatching` it is Wavelet Flow Matching as far as public summaries tell; wavelet, widths and scaling are a
    reconstruction. When to use: where draws must be cheap. When not: to follow a flow, which on three of them it does
    for about half as long as `Pixels` or less; sides that two does not divide often enough. Cost: about a quarter of
    `Pixels` of the same width, half on lines.

    **Arguments:**
    - `wavelets`: the transform; its levels are those of the network.
    - `width`: channels at the finest resolution.

    **Good values:** three levels for sides of 32 to 128.

    **Fails when:** a side is not a multiple of 2^levels: refused. `Daubechies4` joins opposite edges, of regions and
    the two poles as well; `Haar` does not. Cells without values, land say, would be in every coefficient that reaches
    them: refused; take `Pixels`.

    Reference: Wavelet Flow Matching (2026), arXiv:2605.16573, from its abstract only.
    """

    gaps: ClassVar[bool] = False

    wavelets: AbstractWavelets = Daubechies4(3)
    width: int = eqx.field(static=True, default=32)

    @property
    def levels(self) -> int:  # type: ignore[override]  # a property implements an AbstractVar
        """Those of the wavelets."""
        return self.wavelets.count

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
        return Drawing(own, _Back(own), given, DenoisingError(dropout))

    def network(self, channels: int, conditions: int, padding: AbstractPadding, *, key: PRNGKeyArray) -> WaveletUNet:
        """Bands enter and leave at their own resolution."""
        return WaveletUNet(
            channels, conditions=conditions, count=self.wavelets.count, width=self.width, padding=padding, key=key
        )


class _Back(eqx.Module):
    """Coefficients to a field."""

    scaled: ScaledWavelets

    def __call__(self, coefficients: Float[Array, "y x channel"]) -> Float[Array, "y x channel"]:
        return self.scaled.inverse(coefficients)
