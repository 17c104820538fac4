"""The rows of cards of emulation on planes of 32 x 32 points."""

import dataclasses

from ..downscale import Climatology, Nearest
from ..emulate import (
    AFNOForecast,
    CohesionForecast,
    Continued,
    DirectForecast,
    DynaMoForecast,
    ExtendedDMD,
    FNOForecast,
    KoopmanForecast,
    LeadForecast,
    LearnedCoherence,
    LinearInverse,
    NoiseTrained,
    PanguForecast,
    PretrainedForecast,
    UNetForecast,
    ViTForecast,
)
from ..learn import AbstractMethod, Training
from ..learn.generate import FlowMatching, Heun
from ..learn.objectives import SpectralDistance
from ..learn.represent import AbstractPretraining, DynaMo, MaskedAutoencoder, NoLatent, NoPretraining, Recipe
from .generative_rows import generative

_LINEAR = LinearInverse((50, 100, 200), (0.0, 1e-3, 1e-2, 3e-2, 1e-1))


def references(training: Training) -> dict[str, AbstractMethod]:
    """Two that know no dynamics, a linear model, a network."""
    return {"persistence": Nearest(), "climatology": Climatology(), "LIM": _LINEAR, "FNO": _fno(training)}


def on_planes(training: Training, leads: int, *, cohesion: tuple[int, int]) -> dict[str, AbstractMethod]:
    """References, then networks of about 90,000 weights, as many steps; the Fourier operator at its own rate.

    The Koopman model has more weights, which its latent space needs, and a quarter of the steps: its validation error
    hardly falls after that.
    Encoders with a pretraining have a third more, for a state that it alone reads; DynaMo's forward model and Cohesion,
    with its Koopman forecast, have more than three times as many.

    **Arguments:**
    - `training`: of each network.
    - `leads`: of direct forecasts and of networks that are told the lead, in steps: about a Lyapunov time.
    - `cohesion`: width and levels of its network, which has to hold five frames of all variables.
    """
    fno, unet = _fno(training), UNetForecast(width=12, levels=3, training=training)
    vit = ViTForecast(width=52, layers=2, training=training)
    onwards = dataclasses.replace(training, steps=training.steps // 4, rate=5e-4, every=25)
    brief = dataclasses.replace(training, steps=training.steps // 4)
    koopman = KoopmanForecast(dimension=64, width=6, levels=3, steps=4, training=brief)
    return {
        **references(training),
        "extended DMD": ExtendedDMD(modes=(50, 100, 200), products=(0, 20, 40)),
        "U-Net": unet,
        "AFNO": AFNOForecast(width=64, depth=2, training=training),
        "ViT": vit,
        "window transformer": PanguForecast(window=(1, 4, 4), width=60, depth=2, training=training),
        "FNO, then 4 steps": Continued(fno, 4, training=onwards),
        "FNO, noise": NoiseTrained(fno, 0.1),
        "U-Net, noise": NoiseTrained(unet, 0.1),
        "U-Net, noise, then 4 steps": Continued(NoiseTrained(unet, 0.1), 4, training=onwards),
        f"LIM for each of {leads} leads": DirectForecast(_LINEAR, leads),
        f"one FNO for {leads} leads": LeadForecast(fno, leads),
        f"one ViT for {leads} leads": LeadForecast(vit, leads),
        "FNO, price on spectrum": dataclasses.replace(fno, distance=SpectralDistance()),
        **_pretrained(training),
        "Koopman": koopman,
        "Cohesion": CohesionForecast(
            koopman, LearnedCoherence(), 4, 2, FlowMatching(), Heun(4), *cohesion, averaged=2, training=training
        ),
        **generative(training),
    }


def _fno(training: Training) -> FNOForecast:
    return FNOForecast(width=11, depth=3, modes=(8, 8), training=dataclasses.replace(training, rate=4e-3))


def _pretrained(training: Training) -> dict[str, AbstractMethod]:
    """Half of the steps without labels, half with them; and DynaMo's own forward model."""
    half = dataclasses.replace(training, steps=training.steps // 2)
    recipe = Recipe(steps=half.steps, batch=training.batch, clip=1.0)

    def after(pretraining: AbstractPretraining, lesson: Training = half) -> PretrainedForecast:
        return PretrainedForecast(pretraining, width=6, levels=3, training=lesson)

    return {
        "no pretraining": after(NoPretraining(), training),
        "masked autoencoder": after(MaskedAutoencoder(recipe=recipe)),
        "DynaMo": after(DynaMo(recipe=recipe)),
        "DynaMo's forward model": DynaMoForecast(
            DynaMo(window=2, latent=NoLatent(), recipe=recipe), width=6, levels=3, training=half
        ),
    }
