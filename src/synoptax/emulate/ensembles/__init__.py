"""Several forecasts from one past, and what tells them apart; one kind a file."""

from .base import (
    AbstractEnsemble as AbstractEnsemble,
    AbstractErrors as AbstractErrors,
    AbstractOfOneModel as AbstractOfOneModel,
)
from .drawn import Drawn as Drawn
from .given_errors import GivenErrors as GivenErrors
from .lagged import Lagged as Lagged
from .perturbed import Perturbed as Perturbed
from .several_seeds import SeveralSeeds as SeveralSeeds
from .white_errors import WhiteErrors as WhiteErrors
