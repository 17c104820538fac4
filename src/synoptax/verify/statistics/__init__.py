"""What adds up over chunks: one statistic a file, one line a statistic."""

from .absolute_error import AbsoluteError as AbsoluteError
from .anomaly_moments import AnomalyMoments as AnomalyMoments
from .ensemble_variance import EnsembleVariance as EnsembleVariance
from .expected_squared_error import ExpectedSquaredError as ExpectedSquaredError
from .fair_pair_crps import FairPairCRPS as FairPairCRPS
from .moments import Moments as Moments
from .pair_crps import PairCRPS as PairCRPS
from .scaled_error import ScaledError as ScaledError
from .signed_error import SignedError as SignedError
from .squared_error import SquaredError as SquaredError
