"""The page on verification: the expectation over members, beside the score of their mean."""

from pathlib import Path

import numpy as np

from synoptax import verify

PAGE = Path(__file__).parents[2] / "docs" / "verification.md"


def test_the_expectation_over_members_is_as_the_page_says():
    (snippet,) = (b.split("```")[0] for b in PAGE.read_text().split("```python\n") if "alone = [" in b.split("```")[0])
    random = np.random.default_rng(0)
    truth, forecast = random.normal(size=(50, 1, 400)), random.normal(size=(5, 50, 1, 400))
    weights = np.ones(400)
    given = {"verify": verify, "forecast": forecast, "truth": truth, "weights": weights}
    exec(snippet, given)
    each = np.sqrt(np.mean((forecast - truth) ** 2, axis=(1, 3)))
    np.testing.assert_allclose(given["expected"], each.mean(axis=0), rtol=1e-12)
    mean = verify.evaluate([verify.RMSE()], forecast, truth, weights=weights).value(verify.RMSE())
    np.testing.assert_allclose(mean, np.sqrt(np.mean((forecast.mean(0) - truth) ** 2)), rtol=1e-12)
    np.testing.assert_allclose(given["expected"] / mean, np.sqrt(2 * 5 / 6), rtol=0.02)  # a reliable ensemble
