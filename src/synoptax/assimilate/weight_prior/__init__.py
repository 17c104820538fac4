"""What an ensemble says about where the truth is: priors of the weights of its anomalies, one a file."""

from .base import AbstractWeightPrior as AbstractWeightPrior
from .finite_size import FiniteSize as FiniteSize
from .plain import Plain as Plain
