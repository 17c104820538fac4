"""Errors of the references on one left-out block of each real record, near those known of other years."""

import jax
import numpy as np
import pytest

from synoptax.downscale import Climatology, Nearest
from synoptax.emulate import LinearInverse
from synoptax.problems import EraIntForecast, NcepSlpForecast, SstForecast

CASES = {  # problem, folder; RMSE of the first variable on later years: persistence, climatology, LIM of fixed size
    "pressure": (NcepSlpForecast(years=(2004,)), "ncep_slp_natl", (6.37, 10.25, 5.43)),
    "circulation": (EraIntForecast(years=(2004,)), "eraint_balearics", (63.8, 107.7, 54.5)),
    "circulation, 3 days": (EraIntForecast(lead=3, years=(2004,)), "eraint_balearics", (111.2, 107.8, 94.5)),
    "temperature": (SstForecast(starts=(1985,)), "sst_tropical_pacific", (0.613, 0.715, 0.531)),
}


@pytest.mark.parametrize("case", CASES)
def test_references_make_the_errors_that_are_known_of_them(case, data_dir):
    problem, folder, (persistence, climatology, linear) = CASES[case]
    if not (data_dir / folder).is_dir():
        pytest.skip(f"SYNOPTAX_DATA holds no {folder}")
    fold = next(problem.folds(key=jax.random.key(0)))
    truth = np.asarray(fold.test.truth)[:, 0]
    there = np.isfinite(truth[0])
    weights = np.broadcast_to(np.asarray(fold.task.layout.place.weights()), there.shape)[there]

    def rmse(method) -> float:
        model = method.fit(fold.task, key=jax.random.key(0))
        error = (np.asarray(model.predict(fold.test.predictors))[:, 0] - truth)[:, there]
        return float(np.sqrt(np.average((error**2).mean(axis=0), weights=weights)))

    found = {"persistence": rmse(Nearest()), "climatology": rmse(Climatology()), "LIM": rmse(LinearInverse())}
    assert found["persistence"] == pytest.approx(persistence, rel=0.1)
    assert found["climatology"] == pytest.approx(climatology, rel=0.15)
    assert found["LIM"] < linear * 1.05 and found["LIM"] < 0.95 * found["persistence"]
