"""What networks are trained for, by hand: distances, errors of runs, constraints, and where a pretraining leads."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.emulate import (
    Constrained,
    FNOForecast,
    LatentConstraint,
    LearnedVariance,
    PretrainedForecast,
    SpectralConstraint,
    WhitenedConstraint,
)
from synoptax.emulate.emulator import wave
from synoptax.emulate.reader import Reader
from synoptax.emulate.schooling import NetworkForecast
from synoptax.learn import Training
from synoptax.learn.objectives import (
    AbstractStepper,
    KoopmanError,
    LearnedDistance,
    RolloutError,
    SpectralDistance,
    SquaredDistance,
)
from synoptax.learn.represent import AbstractPretraining, Pretrained
from synoptax.records import Samples

RNG = np.random.default_rng(4)
KEY = jax.random.key(0)
measure = eqx.filter_jit(lambda distance, forecast, truth, weights: distance(forecast, truth, weights))


class TestSpectralDistance:
    Y, X = (2 * np.pi * a / n for a, n in zip(np.indices((4, 6)), (4, 6), strict=True))
    WEIGHTS = np.ones((4, 6))

    def waves(self, *amplitudes):
        """Two waves for each channel, of amplitudes (first, second)."""
        first, second = np.cos(self.X + 0.3), np.cos(2 * self.X + self.Y)
        return np.stack([a * first + b * second for a, b in amplitudes], axis=-1)

    def test_two_waves_cost_the_squares_of_log_power_ratios(self):
        """A wave of amplitude a has the power (24 a / 2)² at one of 4 x 4 places of the transform of 4 x 6 cells."""
        forecast, truth, floor, weight = ((1.0, 0.5), (3.0, 0.2)), ((0.7, 0.9), (2.0, 0.1)), 0.3, 0.25
        found = measure(SpectralDistance(weight, floor), self.waves(*forecast), self.waves(*truth), self.WEIGHTS)
        squared = price = 0.0
        for mine, real in zip(forecast, truth, strict=True):
            squared += sum((a - b) ** 2 / 2 for a, b in zip(mine, real, strict=True)) / 2
            powers = [(144 * a**2, 144 * b**2) for a, b in zip(mine, real, strict=True)]
            least = floor * sum(p[1] for p in powers) / 16
            price += sum(np.log((p + least) / (q + least)) ** 2 for p, q in powers) / (2 * 16)
        assert float(found) == pytest.approx(squared + weight * price, rel=1e-9)
        assert weight * price > 0.05 * squared

    def test_without_a_price_it_is_the_squared_distance(self):
        forecast, truth = RNG.normal(size=(2, 4, 6, 2))
        weights = RNG.uniform(0.5, 1.5, size=(4, 6))
        want = np.sum(weights[..., None] * (forecast - truth) ** 2) / (2 * np.sum(weights))
        for distance in (SquaredDistance(), SpectralDistance(0.0)):
            assert float(measure(distance, forecast, truth, weights)) == pytest.approx(want)
        assert float(measure(SpectralDistance(0.1), forecast, truth, weights)) > 1.01 * want

    def test_places_without_truth_count_as_right(self):
        forecast, truth = RNG.normal(size=(2, 4, 6, 2))
        gap = np.zeros((4, 6, 2), bool)
        gap[1, 2], gap[3, 4, 0] = True, True
        holed, filled = np.where(gap, np.nan, truth), np.where(gap, forecast, truth)
        spectral = SpectralDistance(0.3)
        whole, plain = (float(measure(d, forecast, filled, self.WEIGHTS)) for d in (spectral, SquaredDistance()))
        squared = np.mean((forecast - truth)[~gap] ** 2)
        found, gradient = jax.jit(jax.value_and_grad(spectral))(forecast, holed, self.WEIGHTS)
        assert float(found) == pytest.approx(squared + whole - plain)
        assert np.isfinite(np.asarray(gradient)).all()


class _Linear(AbstractStepper):
    """x₊ = a x + c x₋ + phase, (a, c) the model."""

    def advance(self, network, past, phases, *, key=None):
        return network[0] * past[-1] + network[1] * past[0] + phases[0]


@eqx.filter_jit
def rollout_error(model, batch):
    """Value and terms, and the gradient."""
    error = RolloutError(_Linear(), SquaredDistance(), jnp.ones((4, 6)))
    return jax.value_and_grad(lambda m: error.loss(m, batch, average=m, key=KEY), has_aux=True)(model)


def test_a_rollout_error_is_that_of_powers_in_value_and_gradient():
    """x₊ = a x against b x: the mean of (aᵏ − bᵏ)² x² over k = 1, 2, 3, and its derivative to a."""
    a, b, k = 0.8, 1.1, np.arange(1, 4)
    past = RNG.normal(size=(2, 2, 4, 6, 1))
    x = past[:, 1:]
    batch = past, np.zeros((2, 3, 2)), b ** k[:, None, None, None] * x
    (value, terms), (gradient, _) = rollout_error(jnp.asarray([a, 0.0]), jax.tree.map(jnp.asarray, batch))
    square = np.mean(x**2)
    assert float(value) == pytest.approx(square * np.mean((a**k - b**k) ** 2))
    assert float(gradient) == pytest.approx(square * np.mean(2 * (a**k - b**k) * k * a ** (k - 1)))
    assert float(terms["first step"]) == pytest.approx(square * (a - b) ** 2)
    assert float(terms["last step"]) == pytest.approx(square * (a**3 - b**3) ** 2)


def test_a_rollout_reads_its_own_past_and_the_phases_of_each_step_and_leaves_gaps_out():
    a, c = 0.8, -0.4
    past, phases, targets = (RNG.normal(size=s) for s in ((2, 2, 4, 6, 1), (2, 3, 2), (2, 3, 4, 6, 1)))
    targets[:, 1, 2, 3] = np.nan
    older, newest, errors = past[:, 0], past[:, 1], []
    for k in range(3):
        older, newest = newest, a * newest + c * older + phases[:, k, 0, None, None, None]
        errors.append(np.nanmean((newest - targets[:, k]) ** 2))
    batch = jax.tree.map(jnp.asarray, (past, phases, targets))
    (value, _), _ = rollout_error(jnp.asarray([a, c]), batch)
    assert float(value) == pytest.approx(np.mean(errors))


class _Matrix(eqx.Module):
    matrix: jax.Array

    def advance(self, latent):
        return self.matrix @ latent


class _LinearKoopman(eqx.Module):
    encoder: jax.Array
    operator: _Matrix
    decoder: jax.Array

    def encode(self, past):
        return self.encoder @ past.reshape(-1)

    def decode(self, latent):
        return (self.decoder @ latent).reshape(2, 3, 1)


def test_a_koopman_error_is_the_sum_of_its_three_terms():
    encoder, operator, decoder = (RNG.normal(size=s) for s in ((4, 12), (4, 4), (6, 4)))
    past, targets = RNG.normal(size=(2, 2, 2, 3, 1)), RNG.normal(size=(2, 3, 2, 3, 1))
    targets[0, 1, 1, 2] = np.nan
    weights = np.array([[0.5, 1.0, 1.5], [1.5, 1.0, 0.5]])
    size = lambda error: np.mean(weights.reshape(-1) * error**2)
    ahead, again, apart = [], [], []
    for x, y in zip(past.reshape(2, 2, 6), targets.reshape(2, 3, 6), strict=True):
        z, truth = encoder @ x.reshape(-1), np.nan_to_num(y)
        again.append(size(decoder @ z - x[-1]))
        fields = [*x, *truth]
        for k in range(3):
            z = operator @ z
            ahead.append(size(np.where(np.isfinite(y[k]), decoder @ z - truth[k], 0.0)))
            wanted = encoder @ np.concatenate(fields[k + 1 : k + 3])
            apart.append(np.sum((z - wanted) ** 2) / np.sum(wanted**2))
    model = jax.tree.map(jnp.asarray, _LinearKoopman(encoder, _Matrix(operator), decoder))
    batch = jnp.asarray(past), jnp.zeros((2, 3, 2)), jnp.asarray(targets)
    error = KoopmanError(jnp.asarray(weights), reconstruction=0.7, linearity=0.2)
    value, terms = eqx.filter_jit(error.loss)(model, batch, average=model, key=KEY)
    want = {"forecast": np.mean(ahead), "reconstruction": np.mean(again), "linearity": np.mean(apart)}
    assert {name: float(term) for name, term in terms.items()} == pytest.approx(want, rel=1e-5)
    total = want["forecast"] + 0.7 * want["reconstruction"] + 0.2 * want["linearity"]
    assert float(value) == pytest.approx(total, rel=1e-5)


class _Weighted(eqx.Module):
    """The change as a weighted sum of two past fields."""

    weights: jax.Array

    def __call__(self, stack, *, key=None):
        return self.weights[0] * stack[..., :1] + self.weights[1] * stack[..., 1:2]


class _Given(AbstractPretraining):
    """Every array of the encoder becomes waves of its own places, whatever the frames, which it checks."""

    cite = "none"

    @classmethod
    def example(cls):
        return cls()

    @staticmethod
    def learned(encoder):
        drawn = lambda x: jnp.asarray(0.3 * np.cos(np.arange(x.size)).reshape(x.shape), x.dtype)
        return jax.tree.map(lambda x: drawn(x) if eqx.is_inexact_array(x) else x, encoder)

    def pretrain(self, encoder, frames, *, valid=None, key, members=None, monitor=None):
        fields = np.asarray(frames.fields)
        assert fields.shape == (59, 4, 6, 1) and abs(fields.mean()) < 0.1 and abs(fields.std() - 1) < 0.1
        trained = self.learned(encoder)
        return Pretrained(trained, trained, None, {}, np.zeros(()))


def one_step_errors():
    """A task with a gap in its validation, a forecast, and by hand its forecasts of one step and the truth there."""
    task = wave()
    truth = task.valid.truth.at[5, 0, 1, 2].set(jnp.nan)
    task = dataclasses.replace(task, valid=Samples(task.valid.predictors, truth))
    reader = Reader.of(task, who="A test")
    forecast = NetworkForecast(task.layout, reader, _Weighted(jnp.asarray([-0.2, 0.1])), {})
    past = np.asarray(reader.past(task.valid.predictors.fields[0]))
    predicted = past[:, 1] + float(reader.change[0]) * (-0.2 * past[:, 0] + 0.1 * past[:, 1])
    came = np.asarray(reader.fields_in(truth))
    return task, forecast, predicted, np.where(np.isfinite(came), came, predicted)


def three_fields():
    forecast, truth = RNG.normal(size=(4, 6, 1)), RNG.normal(size=(4, 6, 1))
    holed = truth.copy()
    holed[2, 3] = np.nan
    return forecast, truth, holed


def test_a_whitened_constraint_measures_errors_by_the_inverse_of_their_shrunk_covariance():
    task, forecast, predicted, came = one_step_errors()
    distance = WhitenedConstraint(0.3).distance(forecast, task, key=KEY)
    errors = (predicted - came).reshape(len(came), 24)
    covariance = errors.T @ errors / len(errors)
    inverse = np.linalg.inv(np.where(np.eye(24, dtype=bool), covariance, 0.7 * covariance))
    field, truth, holed = three_fields()
    for target in (truth, holed):
        e = np.nan_to_num(field - target).reshape(-1)
        found = measure(distance, field, target, np.ones((4, 6)))
        assert float(found) == pytest.approx(e @ inverse @ e / 24, rel=1e-3)


@pytest.mark.parametrize("scaled", [True, False])
def test_a_latent_constraint_measures_errors_of_the_trained_encoder_by_their_own_mean_square(scaled):
    task, forecast, predicted, came = one_step_errors()
    constraint = LatentConstraint(_Given(), dimension=3, width=2, levels=1, scaled=scaled)
    distance = constraint.distance(forecast, task, key=KEY)
    encoder = distance.encoder
    jax.tree.map(
        np.testing.assert_array_equal, *(eqx.filter(e, eqx.is_array) for e in (encoder, _Given.learned(encoder)))
    )
    vectors = eqx.filter_jit(lambda f: jax.lax.map(lambda x: encoder(x).vector, f))
    field, truth, holed = three_fields()
    fields = [field, truth, np.where(np.isnan(holed), field, truth)]
    p, t, three = np.split(np.asarray(vectors(jnp.asarray([*predicted, *came, *fields]))), [len(came), 2 * len(came)])
    variance = np.mean((p - t) ** 2, axis=0) if scaled else np.ones(3)
    np.testing.assert_allclose(distance.variance, variance, rtol=1e-9)
    for target, vector in zip((truth, holed), three[1:], strict=True):
        want = np.mean((three[0] - vector) ** 2 / variance)
        found = measure(distance, field, target, np.ones((4, 6)))
        assert want > 0 and float(found) == pytest.approx(want, rel=1e-9)


def test_a_spectral_constraint_divides_the_power_of_an_error_by_that_of_its_wave():
    """An error a cos(k x) has the mean square a² / 2, in the waves k and −k, whose power is that of projections."""
    task, forecast, _, _ = one_step_errors()
    fields = np.asarray(forecast.reader.fields_in(task.train.truth))
    constraint = SpectralConstraint(0.2)
    distance = constraint.distance(forecast, task, key=KEY)
    y, x = (2 * np.pi * a / n for a, n in zip(np.indices((4, 6)), (4, 6), strict=True))
    floor = 0.2 * np.mean(fields**2)
    for ky, kx in ((0, 1), (1, 2), (3, 1)):
        angle = ky * y + kx * x
        power = np.mean(np.abs(np.einsum("tyxc,yx->t", fields, np.exp(-1j * angle))) ** 2) / 24
        error = 0.7 * np.cos(angle + 0.4)[..., None]
        found = measure(distance, error + 0.3, np.full((4, 6, 1), 0.3), np.ones((4, 6)))
        assert float(found) == pytest.approx(0.7**2 / 2 / (power + floor), rel=1e-6)
    field, _, holed = three_fields()
    filled = np.where(np.isnan(holed), field, holed)
    same = [float(measure(distance, field, target, np.ones((4, 6)))) for target in (holed, filled)]
    assert same[0] == pytest.approx(same[1], rel=1e-9) and same[0] > 0
    with pytest.raises(InputError, match="above zero; given 0"):
        SpectralConstraint(0)


def small_latent():
    return LatentConstraint(_Given(), dimension=3, width=2, levels=1)


def test_a_learned_variance_is_a_likelihood_that_only_the_variance_is_learned_of():
    """d = mean (e² exp(−l) + l): from the constraint's variances on, and flat in l where exp(l) = e²."""
    task, forecast, _, _ = one_step_errors()
    plain = small_latent().distance(forecast, task, key=KEY)
    distance = LearnedVariance(small_latent()).distance(forecast, task, key=KEY)
    field, truth, holed = three_fields()
    for target in (truth, holed):
        want = float(measure(plain, field, target, np.ones((4, 6)))) + np.mean(np.log(plain.variance))
        assert float(measure(distance, field, target, np.ones((4, 6)))) == pytest.approx(want, rel=1e-6)
    learned = distance.learned()
    assert learned.shape == (3,)
    error = LearnedDistance(RolloutError(_Linear(), distance, jnp.ones((4, 6))))
    past, phases, targets = (RNG.normal(size=s) for s in ((1, 2, 4, 6, 1), (1, 1, 2), (1, 1, 4, 6, 1)))
    model = jnp.asarray([0.8, -0.4]), learned
    loss = eqx.filter_jit(lambda m: error.loss(m, (past, phases, targets), average=m, key=KEY)[0])
    vector = eqx.filter_jit(lambda f: distance.encoder(f).vector)
    apart = vector(0.8 * past[0, 1] - 0.4 * past[0, 0] + phases[0, 0, 0]) - vector(jnp.asarray(targets[0, 0]))
    gradient = eqx.filter_jit(eqx.filter_grad(loss))(model)
    want = (1 - np.asarray(apart) ** 2 / np.asarray(plain.variance)) / 3
    np.testing.assert_allclose(gradient[1], want, rtol=1e-4)
    best = eqx.tree_at(lambda m: m[1], model, jnp.log(apart**2))
    np.testing.assert_allclose(eqx.filter_jit(eqx.filter_grad(loss))(best)[1], 0, atol=1e-5)


def test_teaching_with_a_learned_variance_moves_it_after_the_errors(monkeypatch):
    """Errors shrink in the lesson, so all variances do, by at most the rate a step."""
    ends, fit = [], Training.fit

    def spied(self, model, *args, **settings):
        fitted = fit(self, model, *args, **settings)
        ends.append((model, fitted.last))
        return fitted

    monkeypatch.setattr(Training, "fit", spied)
    lesson = Training(steps=20, every=10, batch=8, rate=1e-2, average=None)
    first = FNOForecast(width=4, depth=1, modes=(1, 2), training=dataclasses.replace(lesson, steps=2))
    Constrained(first, LearnedVariance(small_latent()), 1, lesson).fit(wave(), key=KEY)
    (_, nothing), (_, start), (_, end) = ends[0][0], *ends[1]
    assert nothing == () and start.shape == (3,)
    moved = np.asarray(end - start)
    assert np.all(moved < -0.01) and np.all(moved > -0.2)


def test_a_pretrained_forecast_begins_with_the_encoder_that_was_pretrained():
    barely = Training(steps=1, rate=1e-12, every=1, batch=4, average=None)
    method = PretrainedForecast(_Given(), width=2, levels=1, dimension=3, depth=1, training=barely)
    encoder = method.fit(wave(), key=KEY).network.encoder
    pairs = zip(
        *(jax.tree.leaves(eqx.filter(e, eqx.is_array)) for e in (encoder, _Given.learned(encoder))), strict=True
    )
    for found, want in pairs:
        np.testing.assert_allclose(found, want, atol=1e-9)
