"""Scores: metrics, their intervals and tests, and climatologies to measure them against."""

from . import statistics as statistics
from .aggregate import Aggregate as Aggregate
from .base import (
    AbstractLocal as AbstractLocal,
    AbstractMetric as AbstractMetric,
    AbstractStatistic as AbstractStatistic,
)
from .climatology import (
    AbstractClimatology as AbstractClimatology,
    AbstractExpectation as AbstractExpectation,
    Harmonics as Harmonics,
    TimeMean as TimeMean,
    Window as Window,
)
from .evaluate import Evaluation as Evaluation, evaluate as evaluate
from .infer import (
    Bootstrap as Bootstrap,
    Interval as Interval,
    difference as difference,
    interval as interval,
    paired_test as paired_test,
    ratio as ratio,
    skill as skill,
)
from .metrics import (
    ACC as ACC,
    CRPS as CRPS,
    MAE as MAE,
    MCB as MCB,
    RMSE as RMSE,
    Bias as Bias,
    BrierScore as BrierScore,
    CentredACC as CentredACC,
    ConservationError as ConservationError,
    FairBrierScore as FairBrierScore,
    FairCRPS as FairCRPS,
    GaussianCRPS as GaussianCRPS,
    LogSpectralDistance as LogSpectralDistance,
    NormalisedMSE as NormalisedMSE,
    Pearson as Pearson,
    PowerSpectrum as PowerSpectrum,
    QuantileError as QuantileError,
    RankHistogram as RankHistogram,
    Spread as Spread,
    SpreadSkill as SpreadSkill,
    WetDayFrequencyError as WetDayFrequencyError,
    WetDayIntensityError as WetDayIntensityError,
)
from .resampling import AbstractResampling as AbstractResampling, Circular as Circular, Moving as Moving
from .runs import pooled_rmse as pooled_rmse, predictability_time as predictability_time
from .score import score as score
from .tracks import constant_errors as constant_errors, track_errors as track_errors
from .windows import AbstractWindow as AbstractWindow, Boxcar as Boxcar, Hann as Hann
