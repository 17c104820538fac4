"""What adds up over chunks: one statistic a file, one line a statistic."""

from .absolute_error import AbsoluteError as AbsoluteError
from .anomaly_moments import AnomalyMoments as AnomalyMoments
from .climatology_crps import ClimatologyCRPS as ClimatologyCRPS
from .coarse_error import CoarseError as CoarseError
from .doubly_weighted_moments import DoublyWeightedMoments as DoublyWeightedMoments
from .ensemble_std import EnsembleStd as EnsembleStd
from .ensemble_variance import EnsembleVariance as EnsembleVariance
from .expected_squared_error import ExpectedSquaredError as ExpectedSquaredError
from .fair_occurrence_error import FairOccurrenceError as FairOccurrenceError
from .fair_pair_crps import FairPairCRPS as FairPairCRPS
from .histogram import Histogram as Histogram
from .mean_maps import MeanMaps as MeanMaps
from .moments import Moments as Moments
from .normal_crps import NormalCRPS as NormalCRPS, normal_crps as normal_crps
from .occurrence_error import OccurrenceError as OccurrenceError
from .pair_crps import PairCRPS as PairCRPS
from .ranks import Ranks as Ranks
from .scaled_error import ScaledError as ScaledError
from .signed_error import SignedError as SignedError
from .spectrum import Spectrum as Spectrum
from .squared_error import SquaredError as SquaredError
from .structural_similarity import StructuralSimilarity as StructuralSimilarity
from .variance_scaled_error import VarianceScaledError as VarianceScaledError
from .wetness import Wetness as Wetness
from .where_usual import WhereUsual as WhereUsual
