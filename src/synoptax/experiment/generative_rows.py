"""The rows of cards of emulation that draw the next state."""

import dataclasses

from ..emulate import GenerativeForecast, Pixels, ScaledBands, WaveletCanvas, WeightedBands
from ..learn import AbstractMethod, Training
from ..learn.generate import EDM, Daubechies4, Euler


def generative(training: Training) -> dict[str, AbstractMethod]:
    """Diffusion, flow matching, Wavelet Flow Matching and two controls: nearly equal weights, four evaluations a step.

    Weighted bands have the wavelets' weights of the error, scaled bands their noise besides; neither their network.
    """
    flow = GenerativeForecast(canvas=Pixels(11, 3), sampler=Euler(4), averaged=2, training=training)
    return {
        "diffusion (EDM)": dataclasses.replace(flow, process=EDM()),
        "flow matching": flow,
        "flow matching, weighted bands": dataclasses.replace(flow, canvas=WeightedBands(Daubechies4(3), 11, 3)),
        "flow matching, scaled bands": dataclasses.replace(flow, canvas=ScaledBands(Daubechies4(3), 11, 3)),
        "wavelet flow matching": dataclasses.replace(flow, canvas=WaveletCanvas(Daubechies4(3), 11)),
    }
