"""The zonal wind of Held and Suarez (1994): westerly jets of some 30 m/s aloft, easterlies near the ground between."""

import jax
import numpy as np
import pytest

from synoptax.dynamics import HeldSuarez, rollout

pytest.importorskip("dinosaur", reason="needs the extra 'gcm'")

LAYERS = 8


@pytest.mark.slow
@pytest.mark.parametrize("ground", [{"mountains": ()}, {}])
def test_jets_of_both_hemispheres_and_the_winds_at_the_ground(ground):
    """T21, eight layers: the mean over 200 days after 300, in place of 1000 after 200 at T63.

    Flat ground begins at rest: balanced jets reach over the equator, where only mountains slow them.
    """
    planet = HeldSuarez(truncation=21, layers=LAYERS, dt=3600.0, **ground)
    start = planet.start(key=jax.random.key(0))
    state = rollout(planet, start, steps=300 * 24, every=300 * 24, view=planet.project)
    fields = rollout(planet, state.last, steps=200 * 24, every=24, view=planet.project).fields
    wind = np.asarray(fields)[:, :LAYERS].mean(axis=(0, 3))  # (layer from the top, latitude)
    latitude = np.asarray(planet.gaussian.y.centres)
    for half in (latitude < 0, latitude > 0):
        layer, row = np.unravel_index(np.argmax(wind[:, half]), wind[:, half].shape)
        assert 24.0 < wind[:, half].max() < 38.0 and layer <= 3
        assert 28.0 < abs(latitude[half][row]) < 55.0
        westerly = wind[-1, half].argmax()
        assert 4.0 < wind[-1, half].max() < 13.0 and 34.0 < abs(latitude[half][westerly]) < 56.0
    assert wind[-1][np.abs(latitude) < 25].min() < -4.0 and wind[-1][np.abs(latitude) < 5].mean() < 0.0
    assert wind[0][np.abs(latitude) < 5].mean() < 12.0, "no jet over the equator"
