"""Learning by gradients: networks, objectives, representations, and the one training loop."""

from .batches import AbstractBatches as AbstractBatches, InMemory as InMemory, Streamed as Streamed
from .fit import Fitted as Fitted, fit as fit
from .objectives import AbstractObjective as AbstractObjective, MeanSquaredError as MeanSquaredError
from .method import (
    AbstractDeterministic as AbstractDeterministic,
    AbstractDownscaler as AbstractDownscaler,
    AbstractMethod as AbstractMethod,
)
from .training import Training as Training
