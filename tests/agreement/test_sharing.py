"""What rows of a table share is fitted once a seed, however deep it sits in a method."""

from typing import ClassVar

import jax
import numpy as np

from synoptax.core import Monitor
from synoptax.emulate import DirectForecast, LinearInverse, Ready
from synoptax.emulate.emulator import wave
from synoptax.experiment.cache import Cache
from synoptax.experiment.sharing import Shared, prepared
from synoptax.learn import AbstractMethod

FITS: list[int] = []


class _Counted(AbstractMethod):
    """A linear inverse model that says when it is fitted."""

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = "none needed"

    inner: AbstractMethod

    @classmethod
    def example(cls):
        return cls(LinearInverse.example())

    def fit(self, task, *, key, monitor=Monitor()):
        FITS.append(1)
        return self.inner.fit(task, key=key, monitor=monitor)


def test_a_shared_part_is_fitted_once_a_seed_and_by_itself_it_is_what_it_holds(tmp_path):
    task, cache, part = wave(), Cache(tmp_path), _Counted.example()
    FITS.clear()
    rows = [DirectForecast(Shared(part), 1), Shared(DirectForecast(Shared(part), 1)), DirectForecast(part, 1)]
    made = [prepared(row, task, 0, cache, Monitor()) for row in rows]
    assert len(FITS) == 1 and isinstance(made[0].method, Ready) and isinstance(made[1], Ready) and made[2] == rows[2]
    prepared(rows[0], task, 1, cache, Monitor())
    assert len(FITS) == 2
    given = task.valid.predictors
    found = [m.fit(task, key=jax.random.key(0)).predict(given) for m in (made[0], made[1], rows[1])]
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
