"""What is read off the means: one metric a file, one line a metric."""

from .acc import ACC as ACC
from .bias import Bias as Bias
from .centred_acc import CentredACC as CentredACC
from .crps import CRPS as CRPS
from .fair_crps import FairCRPS as FairCRPS
from .mae import MAE as MAE
from .normalised_mse import NormalisedMSE as NormalisedMSE
from .pearson import Pearson as Pearson
from .rmse import RMSE as RMSE
from .spread import Spread as Spread
from .spread_skill import SpreadSkill as SpreadSkill
