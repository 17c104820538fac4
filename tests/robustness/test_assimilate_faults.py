"""What goes wrong, injected into every method that it concerns: a sentence before the run, or a status in it.

All faults that arrays can carry run side by side in one batch, so that each method is compiled once, and the first
element, which has no fault, shows that the others leave it alone.
"""

import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import linear_twin as twin
import numpy as np
import pytest

from synoptax import assimilate
from synoptax.assimilate import AbstractAnalysis, AbstractReconstruction, cycle
from synoptax.core import InputError, Status, entries
from synoptax.dynamics import AbstractPlainDynamics
from synoptax.fields import Grid, Points
from synoptax.observe import (
    Dense,
    Diagonal,
    Everything,
    Interpolated,
    InterpolatedCircle,
    Kernel,
    Matern,
    Moving,
    Sites,
)
from synoptax.records import Gaussian, Observations, Window

ANALYSES = entries(assimilate, AbstractAnalysis)
RECONSTRUCTIONS = entries(assimilate, AbstractReconstruction)
MODEL_FREE = {"OptimalInterpolation", "InterpolatedObservations", "LearnedSolver", "AmortizedReconstruction"}
STATIONS = InterpolatedCircle((0.0, 2.0, 2.0, 4.0), Diagonal.of(4, 0.5))  # two at the same place
FAULTS = ("none", "one NaN", "one infinite", "all missing", "wrong unit", "model", "one member", "no spread")
TIMES = 3


class Faulty(AbstractPlainDynamics):
    """x ← s x; states whose first number exceeds `bound` become infinite."""

    bound: jax.Array
    scale: jax.Array
    dt: float = 0.1

    claims: ClassVar[frozenset[str]] = frozenset()
    cite: ClassVar[str] = ""

    @classmethod
    def example(cls) -> "Faulty":
        return cls(jnp.asarray(1.0), jnp.asarray(1.0))

    def start(self, *, key):
        return jax.random.normal(key, (twin.SIZE,))

    def step(self, state, time, *, forcing=None, action=None, key=None):
        return jnp.where(state[0] > self.bound, jnp.inf, self.scale * state)


def of(track, name: str):
    """The element of the batch with this fault."""
    return jax.tree.map(lambda x: np.asarray(x)[FAULTS.index(name)], track)


def tracks(name: str):
    """All faults at once, and once more without any; the second time of observation is the one that is spoilt."""
    method = ANALYSES[name].example()
    values = np.repeat(np.asarray(twin.record(STATIONS, TIMES).values)[None], len(FAULTS), axis=0)
    clean = values.copy(), np.full(len(FAULTS), np.inf), np.ones(len(FAULTS))
    values[FAULTS.index("one NaN"), 1, 0] = np.nan
    values[FAULTS.index("one infinite"), 1, 0] = np.inf
    values[FAULTS.index("all missing")] = np.nan
    values[FAULTS.index("wrong unit"), 1] += 1e5
    bound, scale = np.full(len(FAULTS), np.inf), np.ones(len(FAULTS))
    bound[FAULTS.index("model")] = -np.inf
    if "survives_blow_up" in method.claims:
        belief = method.start(twin.prior(), key=jax.random.split(jax.random.key(5))[0])
        bound[FAULTS.index("one member")] = np.sort(np.asarray(belief.members)[:, 0])[-2:].mean()
    scale[FAULTS.index("no spread")] = 0.0

    @jax.jit
    @jax.vmap
    def run(values, bound, scale):
        record = Observations(values, 0.1 * jnp.arange(1, TIMES + 1), jnp.zeros(()), 1)
        rest = {"operator": STATIONS, "observations": record, "prior": twin.prior(), "key": jax.random.key(5)}
        track = cycle(method, Faulty(bound, scale), **rest)
        return track.forecast, track.analysis, track.diagnostics["observed"], track.status

    return run(values, bound, scale), run(*clean)


@pytest.mark.parametrize("name", ANALYSES)
def test_faults_in_a_batch_have_a_status_each_and_the_rest_survives(name):
    found, healthy = tracks(name)
    forecast, analysis, _, status = of(found, "none")
    assert (status == Status.successful).all()
    np.testing.assert_array_equal(analysis.mean, of(healthy, "none")[1].mean)
    spread = np.isfinite(forecast.variance).all()
    for fault in FAULTS:
        if fault != "model":
            assert np.isfinite(of(found, fault)[1].mean).all(), fault
    one, other = of(found, "one NaN"), of(found, "one infinite")
    assert (one[3] == Status.successful).all()
    np.testing.assert_array_equal(one[1].mean, other[1].mean)
    assert other[3].tolist() == [Status.successful, Status.infinite_observations, Status.successful]
    forecast, analysis, observed, status = of(found, "all missing")
    np.testing.assert_allclose(analysis.mean, forecast.mean, atol=1e-9)
    assert (status == Status.successful).all() and (observed == 0).all()
    assert of(found, "wrong unit")[3][1] == Status.unlikely_observations
    assert (of(found, "model")[3] == (Status.successful if name in MODEL_FREE else Status.nonfinite_state)).all()
    if "survives_blow_up" in ANALYSES[name].claims:
        assert of(found, "one member")[3][0] == Status.member_replaced
    if spread and name not in MODEL_FREE:
        assert of(found, "no spread")[3][0] == Status.no_spread


@pytest.mark.parametrize("name", RECONSTRUCTIONS)
def test_faults_in_a_batch_of_windows(name):
    """Infinite values that are called observations cannot be reconstructed, those that are masked are not read."""
    method = RECONSTRUCTIONS[name].example()
    values = np.repeat(np.asarray(twin.record(STATIONS, TIMES).values)[None], 5, axis=0)
    mask = np.ones((5, TIMES, 4), bool)
    clean = values.copy(), mask.copy(), np.full(5, np.inf)
    values[1, 1, 0], mask[1, 1, 0], mask[2] = np.nan, False, False
    values[3, 1, 0] = np.inf
    bound = np.asarray([np.inf, np.inf, np.inf, np.inf, -np.inf])

    @jax.jit
    @jax.vmap
    def run(values, mask, bound):
        active = jnp.ones(TIMES, bool)
        window = Window(values, mask, 0.1 * jnp.arange(1, TIMES + 1), jnp.zeros(()), active, jnp.asarray(2), 1)
        rest = {"prior": twin.prior(), "operator": STATIONS, "key": jax.random.key(5)}
        return method.reconstruct(window, dynamics=Faulty(bound, jnp.asarray(1.0)), **rest)

    found, healthy = run(values, mask, bound), run(*clean)
    np.testing.assert_array_equal(found.states.mean[0], healthy.states.mean[0])
    assert np.isfinite(np.asarray(found.states.mean[:3])).all()
    assert found.status[:3].tolist() == [Status.successful] * 3
    assert found.status[3] in (Status.nonfinite_state, Status.infinite_observations)
    assert found.status[4] == (Status.successful if name in MODEL_FREE else Status.nonfinite_state)


def cycled(method, operator=STATIONS, prior=None, **changes):
    record = dataclasses.replace(twin.record(operator, TIMES), **changes)
    prior = twin.prior() if prior is None else prior
    key = jax.random.key(0)
    return cycle(method, twin.rotation(), operator=operator, observations=record, prior=prior, key=key)


BEFORE = {
    "infinite observations": ({"values": jnp.full((TIMES, 4), jnp.inf)}, "infinite observations; set"),
    "no observations": ({"values": jnp.zeros((0, 4)), "times": jnp.zeros(0)}, "at least one of each"),
    "no step between times": ({"steps": 0}, "at least one model step"),
    "another network": ({"values": jnp.zeros((TIMES, 5))}, "same network"),
    "prior without spread": ({"prior": Gaussian(jnp.zeros(6), Dense(jnp.zeros((6, 6))))}, "zero or not finite"),
    "prior not finite": ({"prior": Gaussian(jnp.full(6, jnp.nan), Diagonal.of(6, 1.0))}, "mean is not finite"),
    "entry outside of the field": ({"operator": Sites((0, 1, 2, 6), Diagonal.of(4, 1.0))}, "entry 6 of a field of 6"),
    "moving outside of the field": (
        {"operator": Moving(jnp.zeros(1), jnp.asarray([[0, 1, 9, -1]]), Diagonal.of(4, 1.0))},
        "entry 9 of a field of 6",
    ),
    "field of another size": ({"operator": Everything(Diagonal.of(4, 1.0))}, "same network"),
    "errors without variance": ({"operator": Everything(Dense(jnp.zeros((6, 6))))}, "positive, finite variance"),
}


@pytest.mark.parametrize("fault", BEFORE)
@pytest.mark.parametrize("name", ANALYSES)
def test_what_cannot_run_is_refused_in_one_sentence(name, fault):
    changes, words = BEFORE[fault]
    with pytest.raises(InputError, match=words) as caught:
        cycled(ANALYSES[name].example(), **changes)
    assert "\n" not in str(caught.value)


def named(cls: type) -> set[str]:
    return {f.name for f in dataclasses.fields(cls)}


ENSEMBLES = {
    name: place
    for name, cls in {**ANALYSES, **RECONSTRUCTIONS}.items()
    for place in [next((n for n in ("filter", "method", "members") if n in named(cls)), None)]
    if place is not None
}


@pytest.mark.parametrize("name", ENSEMBLES)
def test_an_ensemble_of_one_is_refused(name):
    example, place = {**ANALYSES, **RECONSTRUCTIONS}[name].example(), ENSEMBLES[name]

    def small():
        if place == "members":
            return dataclasses.replace(example, members=1)
        return dataclasses.replace(example, **{place: dataclasses.replace(getattr(example, place), members=1)})

    with pytest.raises(InputError, match="two members"):
        if name in ANALYSES:
            cycled(small())
        else:
            r = twin.record(STATIONS, TIMES)
            window = Window(r.values, r.mask, r.times, r.start, jnp.ones(TIMES, bool), jnp.asarray(2), steps=1)
            rest = {"prior": twin.prior(), "operator": STATIONS, "key": jax.random.key(0)}
            small().reconstruct(window, dynamics=twin.rotation(), **rest)


@pytest.mark.parametrize("name", [n for n, cls in ANALYSES.items() if "lag" in named(cls)])
def test_a_window_of_no_observation_or_longer_than_the_record_is_refused(name):
    method = ANALYSES[name].example()
    with pytest.raises(InputError, match="at least"):
        dataclasses.replace(method, lag=0)
    with pytest.raises(InputError, match="longer than the record"):
        cycled(dataclasses.replace(method, lag=TIMES + 1))


@pytest.mark.parametrize("name", ["ETKF", "ThreeDVar"])
def test_two_stations_at_one_place_are_one_with_half_the_variance(name):
    y = twin.record(STATIONS, 1).values
    single = InterpolatedCircle((0.0, 2.0, 4.0), Diagonal(jnp.asarray([0.5, 0.25, 0.5])))
    joined = jnp.stack([y[:, 0], (y[:, 1] + y[:, 2]) / 2, y[:, 3]], axis=1)
    times = jnp.asarray([0.1])
    two = cycled(ANALYSES[name].example(), values=y, times=times)
    one = cycled(ANALYSES[name].example(), single, values=joined, times=times)
    np.testing.assert_allclose(two.analysis.mean, one.analysis.mean, atol=1e-9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Dense.of(np.diag([1.0, -1.0])), "not positive definite"),
        (lambda: Dense.of(np.ones((3, 3))), "not positive definite"),
        (lambda: Diagonal(jnp.asarray([1.0, 0.0, -2.0, jnp.nan])), "3 of 4 are not"),
        (lambda: Kernel.of(np.zeros((2, 1)), Matern(1.0), nugget=0.0), "raise nugget"),
        (lambda: Sites((1, 1), Diagonal.of(2, 1.0)), "given some twice"),
        (
            lambda: Interpolated.of(
                Grid.latlon([40.0, 41.0], [0.0, 1.0]), Points((60.0,), (0.5,), ("far",)), Diagonal.of(1, 1.0)
            ),
            "outside of the grid",
        ),
        (lambda: Window(*(jnp.zeros(s) for s in ((0, 3), (0, 3), (0,), (), (0,), ())), steps=1), "at least one time"),
        (lambda: Window(*(jnp.zeros(s) for s in ((2, 3), (2, 2), (2,), (), (2,), ())), steps=1), "the same shape"),
    ],
)
def test_what_is_no_covariance_network_or_window_is_refused(make, words):
    with pytest.raises(InputError, match=words):
        make()


def test_every_status_of_an_analysis_has_a_rank_and_says_what_to_do():
    from synoptax.assimilate.verdict import worse, worst

    for status in set(Status) - {Status.successful, Status.stopped_early}:
        assert status.sentence.count(".") >= 2, status.name  # what happened, and what to do
        assert int(worse(jnp.asarray(int(status)), jnp.asarray(0))) == status
        fatal = jnp.asarray([int(status), int(Status.nonfinite_state), int(status)])
        assert int(worst(fatal)) == Status.nonfinite_state
