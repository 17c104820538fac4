"""Scores: metrics, their intervals and tests, and climatologies to measure them against."""

from . import climate as climate, statistics as statistics
from .aggregate import Aggregate as Aggregate
from .base import (
    AbstractClimatological as AbstractClimatological,
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
    median as median,
    paired_test as paired_test,
    ratio as ratio,
    share as share,
    skill as skill,
)
from .leads import LeadCurves as LeadCurves, along_leads as along_leads, lead_curves as lead_curves
from .metrics import (
    ACC as ACC,
    CRPS as CRPS,
    CRPSS as CRPSS,
    MAE as MAE,
    MCB as MCB,
    MSSSIM as MSSSIM,
    RMSE as RMSE,
    VRMSE as VRMSE,
    BandPower as BandPower,
    Bias as Bias,
    BrierScore as BrierScore,
    CentredACC as CentredACC,
    ChaosBenchACC as ChaosBenchACC,
    ChaosBenchMSSSIM as ChaosBenchMSSSIM,
    ChaosBenchSpectralDivergence as ChaosBenchSpectralDivergence,
    ChaosBenchSpectralResidual as ChaosBenchSpectralResidual,
    ChaosBenchSpread as ChaosBenchSpread,
    ChaosBenchSpreadSkill as ChaosBenchSpreadSkill,
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
    SpectralDivergence as SpectralDivergence,
    SpectralResidual as SpectralResidual,
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
