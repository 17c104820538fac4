"""The zonal wind of Held and Suarez (1994): westerly jets of some 30 m/s aloft, easterlies near the ground between."""

import jax
import numpy as np
import pytest

from synoptax.dynamics import HeldSuarez, rollout

pytest.importorskip("dinosaur", reason="needs the extra 'gcm'")


@pytest.mark.slow
def test_jets_of_both_hemispheres_and_the_winds_at_the_ground():
    """Flat ground, T21, eight layers: the mean over 200 days after 200, in place of 1000 after 200 at T63."""
    planet = HeldSuarez(truncation=21, layers=8, dt=3600.0, mountains=())
    state = rollout(planet, planet.start(key=jax.random.key(0)), steps=200 * 24, every=200 * 24, view=planet.project)
    fields = rollout(planet, state.last, steps=200 * 24, every=24, view=planet.project).fields
    wind = np.asarray(fields)[:, :8].mean(axis=(0, 3))  # (layer from the top, latitude)
    latitude = np.asarray(planet.gaussian.y.centres)
    for half in (latitude < 0, latitude > 0):
        layer, row = np.unravel_index(np.argmax(wind[:, half]), wind[:, half].shape)
        assert 24.0 < wind[:, half].max() < 38.0 and layer <= 3
        assert 32.0 < abs(latitude[half][row]) < 55.0
        ground = wind[-1][half]
        middle = (np.abs(latitude[half]) > 38) & (np.abs(latitude[half]) < 58)
        assert 3.0 < ground[middle].max() < 13.0
    assert wind[-1][np.abs(latitude) < 25].min() < -2.0 and wind[-1][np.abs(latitude) < 5].mean() < 0.0
