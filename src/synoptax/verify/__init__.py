"""Scores: metrics, their intervals and tests, and climatologies to measure them against."""

from . import statistics as statistics
from .aggregate import Aggregate as Aggregate
from .base import AbstractLocal as AbstractLocal, AbstractMetric as AbstractMetric, AbstractStatistic as AbstractStatistic
from .evaluate import Evaluation as Evaluation, evaluate as evaluate
from .metrics import (
    ACC as ACC,
    CRPS as CRPS,
    MAE as MAE,
    RMSE as RMSE,
    Bias as Bias,
    CentredACC as CentredACC,
    FairCRPS as FairCRPS,
    NormalisedMSE as NormalisedMSE,
    Pearson as Pearson,
    Spread as Spread,
    SpreadSkill as SpreadSkill,
)
