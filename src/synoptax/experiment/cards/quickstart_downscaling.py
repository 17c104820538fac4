"""Downscaling in a few minutes: simulate a planet, pretrain, fine-tune, compare."""

from collections.abc import Mapping
from typing import ClassVar

from ...downscale import (
    AbstractMethod,
    Bicubic,
    Bilinear,
    ClimatologyDelta,
    LocalDeepONet,
    Nearest,
    PretrainedDownscaler,
    Ridge,
    Training,
)
from ...downscale.decoders import FieldDecoder
from ...learn.represent import AbstractPretraining, DynaMo, NoPretraining, Recipe
from ...problems import AbstractDownscalingProblem, HeldSuarezDownscaling
from ...verify import ACC, RMSE, AbstractMetric, Bias, LogSpectralDistance
from ..base import AbstractTableCard


class QuickstartDownscaling(AbstractTableCard):
    """Can 11 degree weather be refined to 5.6 degrees, and does learning on unlabelled fields first help?

    A dry planet is simulated at T21 (Held-Suarez forcing, two mountains), spin-up included. Interpolation, ridge
    regression, a DeepONet and an encoder with DynaMo pretraining learn from 100 days and are scored on 80 later ones.
    """

    title: ClassVar[str] = "Downscaling a simulated climate, 11.25 to 5.625 degrees"
    notes: ClassVar[tuple[str, ...]] = (
        "A dry planet without seasons at T21: smooth fields, on which bicubic interpolation is strong.",
        "Everything is small so that it ends in minutes: see the card held_suarez_5p6_to_2p8 for the source's grids.",
        "Networks learn what bicubic interpolation leaves over; skill of less than its interval is no skill.",
    )
    seeds: ClassVar[int] = 1
    members: ClassVar[int] = 1
    references: ClassVar[Mapping[str, str]] = {"bilinear": "bilinear", "ridge": "ridge"}
    published: ClassVar[Mapping[tuple[str, str, str], float]] = {}

    def problem(self, *, quick: bool) -> AbstractDownscalingProblem:
        """The T21 planet; the same when quick."""
        del quick
        return HeldSuarezDownscaling.quick()

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """References first; fewer steps when quick."""
        steps = 60 if quick else 200
        return {
            "nearest": Nearest(),
            "bilinear": Bilinear(),
            "bicubic": Bicubic(),
            "climatology + delta": ClimatologyDelta(),
            "ridge": Ridge(base=Bicubic(), components=(40, 80, 160), penalties=(1e-4, 1e-3, 1e-2, 3e-2, 1e-1)),
            "DeepONet, local": LocalDeepONet(width=24, training=_training(steps, rate=2e-3)),
            "encoder, no pretraining": _encoder(NoPretraining(), steps),
            "encoder, DynaMo": _encoder(DynaMo(recipe=Recipe(steps=steps, batch=16, every=steps // 2)), steps),
        }

    def metrics(self) -> tuple[AbstractMetric, ...]:
        """Of the single best field."""
        return (RMSE(), Bias(), ACC(), LogSpectralDistance())

    def member_metrics(self) -> tuple[AbstractMetric, ...]:
        """None: these methods give one field."""
        return ()


def _encoder(pretraining: AbstractPretraining, steps: int) -> PretrainedDownscaler:
    return PretrainedDownscaler(
        pretraining,
        decoder=FieldDecoder(width=24, depth=1, dropout=0.0),
        base=Bicubic(),
        width=12,
        training=_training(steps, average=0.98),
    )


def _training(steps: int, *, rate: float = 1e-3, average: float = 0.99) -> Training:
    return Training(steps, 8, rate=rate, every=steps // 2, patience=None, average=average)
