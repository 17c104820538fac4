"""Extended dynamic mode decomposition against maps that it can hold exactly."""

import jax
import numpy as np
import pytest
from tasks import forecast

from synoptax.core import InputError
from synoptax.emulate import ExtendedDMD

KEY = jax.random.key(0)


def logistic(times: int) -> np.ndarray:
    """Two cells, each a chaotic quadratic map of its own, (time, 1, 2)."""
    now, kept = np.array([0.21, 0.63]), []
    for _ in range(times):
        kept.append(now)
        now = np.array([3.9, 3.7]) * now * (1 - now)
    return np.stack(kept)[:, None]


def test_a_quadratic_map_is_learned_exactly_with_products_and_not_without():
    task = forecast(logistic(120), 80)

    def error(products: int) -> float:
        model = ExtendedDMD(modes=(2,), products=(products,), penalties=(1e-12,)).fit(task, key=KEY)
        return float(np.max(np.abs(model.predict(task.valid.predictors) - task.valid.truth)))

    assert error(2) < 1e-6 < 0.1 < error(0)


def test_times_with_a_gap_are_left_out():
    fields = logistic(120)
    holed = fields.copy()
    holed[40, 0, 1] = np.nan
    way = ExtendedDMD(modes=(2,), products=(2,), penalties=(1e-12,))
    model = way.fit(forecast(holed, 80), key=KEY)
    valid = forecast(fields, 80).valid
    np.testing.assert_allclose(model.predict(valid.predictors), valid.truth, atol=1e-6)
    holed[:, 0, 1] = np.where(np.arange(120) % 2, np.nan, holed[:, 0, 1])
    holed[:, 0, 0] = np.where(np.arange(120) % 2, holed[:, 0, 0], np.nan)
    with pytest.raises(InputError, match="Every field has gaps"):
        way.fit(forecast(holed, 80), key=KEY)
