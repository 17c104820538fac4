"""What is read off the means: one metric a file, one line a metric."""

from .acc import ACC as ACC
from .bias import Bias as Bias
from .brier_score import BrierScore as BrierScore
from .centred_acc import CentredACC as CentredACC
from .conservation_error import ConservationError as ConservationError
from .crps import CRPS as CRPS
from .fair_brier_score import FairBrierScore as FairBrierScore
from .fair_crps import FairCRPS as FairCRPS
from .gaussian_crps import GaussianCRPS as GaussianCRPS
from .log_spectral_distance import LogSpectralDistance as LogSpectralDistance
from .mae import MAE as MAE
from .mcb import MCB as MCB
from .normalised_mse import NormalisedMSE as NormalisedMSE
from .pearson import Pearson as Pearson
from .power_spectrum import PowerSpectrum as PowerSpectrum
from .quantile_error import QuantileError as QuantileError
from .rank_histogram import RankHistogram as RankHistogram
from .rmse import RMSE as RMSE
from .spread import Spread as Spread
from .spread_skill import SpreadSkill as SpreadSkill
from .wet_day_frequency_error import WetDayFrequencyError as WetDayFrequencyError
from .wet_day_intensity_error import WetDayIntensityError as WetDayIntensityError
