"""Made-up forecasts and truths on a small grid, and one metric at a time: shared by the tests of metrics."""

import numpy as np

from synoptax import verify
from synoptax.fields import Grid

GRID = Grid.latlon(np.linspace(-60.0, 80.0, 8), 5.0 * np.arange(10))


def draw(seed: int = 0, *, members: int = 1, times: int = 17, channels: int = 1, shape=(8, 10)):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(times, channels, *shape))
    return 0.5 * truth + random.normal(size=(members, times, channels, *shape)), truth


def only(metric, forecast, truth, weights=None, reference=None):
    area = np.ones(truth.shape[2:]) if weights is None else weights
    return verify.evaluate([metric], forecast, truth, weights=area, reference=reference).value(metric)
