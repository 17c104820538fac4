"""Generation where the answer is known: normal distributions, two modes, orthonormal transforms."""

import dataclasses
import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from synoptax.core import InputError, entries
from synoptax.learn import InMemory, fit, generate
from synoptax.learn.generate import (
    EDM,
    AbstractDenoiser,
    AbstractProcess,
    AbstractWavelets,
    ClassifierFree,
    Denoiser,
    DenoisingError,
    Euler,
    FlowMatching,
    GaussianDenoiser,
    Guided,
    Heun,
    LikelihoodGuidance,
    MomentMatching,
    ScaledWavelets,
    VariancePreserving,
    WindowedDenoiser,
)
from synoptax.learn.generate.wavelets import join, split
from synoptax.learn.networks import (
    ConditionedUNet,
    LevelChannels,
    LinePadding,
    PeriodicPadding,
    StackedFrames,
    WaveletUNet,
)

PROCESSES = entries(generate, AbstractProcess)
WAVELETS = entries(generate, AbstractWavelets)
MEAN = jnp.asarray([0.5, -1.0, 0.2])
COVARIANCE = jnp.asarray([[1.0, 0.6, 0.1], [0.6, 1.5, -0.3], [0.1, -0.3, 0.5]])
WHITE = jnp.asarray([0.7, -1.1, 0.4])


def _exact():
    """The end of the flow from WHITE: m + C^½ w, for the processes whose end is white."""
    values, vectors = jnp.linalg.eigh(COVARIANCE)
    return MEAN + vectors @ (jnp.sqrt(values) * (vectors.T @ WHITE))


_estimate = eqx.filter_jit(lambda denoiser, *arguments: denoiser(*arguments))


def _end(sampler, process):
    return sampler.sample(GaussianDenoiser.of(MEAN, COVARIANCE, process), WHITE, key=jax.random.key(0))


class TestSamplers:
    @pytest.mark.parametrize("name", PROCESSES)
    def test_all_processes_carry_the_same_noise_to_the_same_field(self, name):
        np.testing.assert_allclose(_end(Heun(40), PROCESSES[name].example()), _exact(), atol=0.02)

    @pytest.mark.parametrize(("kind", "order"), [(Euler, 1), (Heun, 2)])
    def test_order_on_straight_paths(self, kind, order):
        coarse, fine = (float(jnp.max(jnp.abs(_end(kind(n), FlowMatching()) - _exact()))) for n in (32, 128))
        assert np.log(coarse / fine) / np.log(4) == pytest.approx(order, abs=0.2)

    def test_heun_with_edm_is_algorithm_1(self):
        """Karras et al. (2022), written out."""
        process, steps = EDM(), 5
        denoiser = GaussianDenoiser.of(MEAN, COVARIANCE, process)
        i = np.arange(steps)
        t = np.append((80 ** (1 / 7) + i / (steps - 1) * (0.002 ** (1 / 7) - 80 ** (1 / 7))) ** 7, 0.0)
        x = t[0] * WHITE
        for now, then in itertools.pairwise(t):
            d = (x - denoiser(x, jnp.asarray(now))) / now
            ahead = x + (then - now) * d
            if then > 0:
                after = (ahead - denoiser(ahead, jnp.asarray(then))) / then
                ahead = x + (then - now) * (d + after) / 2
            x = ahead
        np.testing.assert_allclose(_end(Heun(steps), process), x, rtol=1e-9)

    def test_euler_with_fading_data_is_the_predictor_of_sda(self):
        """z ← r z + (σ' − r σ) ε with r = μ'/μ."""
        process, level, following = VariancePreserving(), jnp.asarray(0.6), jnp.asarray(0.5)
        denoiser = GaussianDenoiser.of(MEAN, COVARIANCE, process)
        epsilon = process.white(WHITE, denoiser(WHITE, level), level)
        r = process.signal(following) / process.signal(level)
        expected = r * WHITE + (process.noise(following) - r * process.noise(level)) * epsilon
        found = Euler().step(denoiser, WHITE, level, following, None, key=jax.random.key(0))
        np.testing.assert_allclose(found, expected, rtol=1e-9)

    def test_unrolled_and_looped_are_the_same(self):
        np.testing.assert_allclose(_end(Euler(6, unroll=True), EDM()), _end(Euler(6), EDM()), rtol=1e-9)

    def test_settings_that_cannot_be_are_refused(self):
        with pytest.raises(InputError, match="lowest < highest"):
            EDM(lowest=1.0, highest=0.5)
        with pytest.raises(InputError, match="between 0 and 1"):
            VariancePreserving(eta=0.0)


class TestGuidance:
    """A guided exact denoiser is the exact denoiser of the posterior."""

    VALUES = jnp.asarray([1.3, jnp.nan])
    STD = 0.4

    @staticmethod
    def _apply(field):
        return jnp.stack([field[0], field[2]])  # the second is missing

    def _posterior(self, covariance, process):
        gain = covariance[:, :1] / (covariance[0, 0] + self.STD**2)
        mean = MEAN + gain[:, 0] * (self.VALUES[0] - MEAN[0])
        return GaussianDenoiser.of(mean, covariance - gain @ covariance[:1], process)

    def _agree(self, guidance, covariance, process, **tolerance):
        prior = GaussianDenoiser.of(MEAN, covariance, process)
        for ratio in (20.0, 1.0, 0.05):
            level = process.level_of(jnp.asarray(ratio))
            noised = process.noised(MEAN, level, WHITE)
            found = _estimate(Guided(prior, guidance), noised, level)
            exact = _estimate(self._posterior(covariance, process), noised, level)
            np.testing.assert_allclose(found, exact, **tolerance)
            assert float(jnp.max(jnp.abs(found - _estimate(prior, noised, level)))) > 1e-4

    @pytest.mark.parametrize("name", PROCESSES)
    def test_likelihood_is_exact_for_independent_numbers(self, name):
        guidance = LikelihoodGuidance(self._apply, self.VALUES, self.STD, gamma=1.0, variance=1.7)
        self._agree(guidance, 1.7 * jnp.eye(3), PROCESSES[name].example(), rtol=1e-9)

    @pytest.mark.parametrize("name", PROCESSES)
    def test_moment_matching_is_exact_for_correlated_numbers(self, name):
        guidance = MomentMatching(self._apply, self.VALUES, self.STD, iterations=2)
        self._agree(guidance, COVARIANCE, PROCESSES[name].example(), rtol=1e-8)

    def test_the_form_of_sda(self):
        """ε ← ε − σ ∇ log N(y | A(x₀), std² + γ σ²/μ²)."""
        process, level = VariancePreserving(), jnp.asarray(0.7)
        prior = GaussianDenoiser.of(MEAN, COVARIANCE, process)
        mu, sigma = process.signal(level), process.noise(level)

        def log_p(z):
            clean = (z - sigma * process.white(z, prior(z, level), level)) / mu
            return -0.5 * (1.3 - clean[0]) ** 2 / (0.4**2 + 0.01 * (sigma / mu) ** 2)

        epsilon = process.white(WHITE, prior(WHITE, level), level) - sigma * jax.grad(log_p)(WHITE)
        guided = Guided(prior, LikelihoodGuidance(self._apply, self.VALUES, self.STD))
        np.testing.assert_allclose(guided(WHITE, level), (WHITE - sigma * epsilon) / mu, rtol=1e-9)

    def test_without_the_derivative_of_the_denoiser_it_is_exact_for_a_flat_prior(self):
        process, level = FlowMatching(), jnp.asarray(0.4)
        flat = GaussianDenoiser.of(MEAN, 1e9 * jnp.eye(3), process)
        both = [
            Guided(flat, LikelihoodGuidance(self._apply, self.VALUES, self.STD, through=t))(WHITE, level)
            for t in (True, False)
        ]
        np.testing.assert_allclose(*both, rtol=1e-6)

    def test_nothing_is_learned_where_there_is_no_signal(self):
        process, level = FlowMatching(), jnp.asarray(1.0)
        prior = GaussianDenoiser.of(MEAN, COVARIANCE, process)
        for guidance in (
            LikelihoodGuidance(self._apply, self.VALUES, self.STD, through=False),
            LikelihoodGuidance(self._apply, self.VALUES, self.STD),
            MomentMatching(self._apply, self.VALUES, self.STD),
        ):
            np.testing.assert_allclose(Guided(prior, guidance)(WHITE, level), MEAN, atol=1e-12)

    def test_classifier_free_guidance_mixes_with_and_without(self):
        class Shifted(AbstractDenoiser):
            process: AbstractProcess

            def __call__(self, noised, level, condition=None, *, key=None):
                return 0.5 * noised + condition

        denoiser, condition, level = Shifted(EDM()), jnp.asarray([1.0, 2.0, 3.0]), jnp.asarray(1.0)
        known = denoiser(WHITE, level, condition)
        for weight, expected in ((0.0, known), (-1.0, 0.5 * WHITE), (2.0, known + 2 * condition)):
            found = Guided(denoiser, ClassifierFree(weight))(WHITE, level, condition)
            np.testing.assert_allclose(found, expected, rtol=1e-12)


class TestWindows:
    def _chain(self, length):
        lag = np.abs(np.arange(length)[:, None] - np.arange(length)[None])
        return GaussianDenoiser.of(jnp.zeros(length), jnp.asarray(0.8**lag), FlowMatching())

    @pytest.mark.parametrize("order", [0, 1, 3])
    def test_one_window_is_the_denoiser_itself(self, order):
        inner = self._chain(2 * order + 1)
        noised = jax.random.normal(jax.random.key(0), (2 * order + 1,))
        found = _estimate(WindowedDenoiser(inner, order), noised, jnp.asarray(0.5))
        np.testing.assert_allclose(found, inner(noised, jnp.asarray(0.5)), rtol=1e-12)

    def test_wider_windows_come_closer_to_the_whole_chain(self):
        level, noised = jnp.asarray(0.3), jax.random.normal(jax.random.key(1), (12,))
        whole = self._chain(12)(noised, level)
        errors = []
        for order in (0, 1, 2, 4):
            composed = _estimate(WindowedDenoiser(self._chain(2 * order + 1), order), noised, level)
            errors.append(float(jnp.max(jnp.abs(composed - whole))))
        assert errors[0] > 4 * errors[1] > 8 * errors[2] and errors[3] < 1e-2, errors

    def test_conditions_are_cut_into_the_same_windows(self):
        class Given(AbstractDenoiser):
            process: AbstractProcess

            def __call__(self, noised, level, condition=None, *, key=None):
                return noised + condition

        frames = jnp.arange(7.0)
        found = WindowedDenoiser(Given(EDM()), 1)(frames, jnp.asarray(1.0), 10 * frames)
        np.testing.assert_array_equal(found, 11 * frames)

    def test_a_sequence_shorter_than_a_window_is_refused(self):
        with pytest.raises(InputError, match="at least 5 frames"):
            WindowedDenoiser(self._chain(5), 2)(jnp.zeros(4), jnp.asarray(0.5))


class TestWavelets:
    @pytest.mark.parametrize("name", WAVELETS)
    @pytest.mark.parametrize("shape", [(4, 8, 1), (1, 8, 2)])
    def test_orthonormal_and_inverted(self, name, shape):
        wavelets = WAVELETS[name].example()
        units = jnp.eye(int(np.prod(shape))).reshape(-1, *shape)
        matrix = jax.jit(jax.vmap(wavelets))(units)
        flat = matrix.reshape(len(units), -1)
        np.testing.assert_allclose(flat @ flat.T, np.eye(len(units)), atol=1e-12)
        np.testing.assert_allclose(jax.jit(jax.vmap(wavelets.inverse))(matrix), units, atol=1e-12)
        np.testing.assert_array_equal(jax.jit(lambda m: join(split(m, 2)))(matrix[3]), matrix[3])

    @pytest.mark.parametrize("name", WAVELETS)
    def test_a_constant_has_no_details_and_bands_are_told_apart(self, name):
        wavelets = WAVELETS[name].example()
        bands = wavelets.bands((4, 8, 1))
        assert [int((bands == b).sum()) for b in range(3)] == [2, 6, 24]
        found = jax.jit(wavelets)(jnp.ones((4, 8, 1)))[..., 0]
        np.testing.assert_allclose(found, np.where(bands == 0, 4.0, 0.0), atol=1e-12)

    def test_four_taps_do_not_see_a_slope(self):
        ramp = jnp.arange(16.0)[None, :, None]
        finest = split(generate.Daubechies4(1)(ramp), 1)[1][0, :, 0]
        np.testing.assert_allclose(finest[:-1], 0.0, atol=1e-12)  # the last one wraps
        assert abs(float(finest[-1])) > 1.0

    @pytest.mark.parametrize("name", WAVELETS)
    def test_paths_and_losses_are_the_same_in_pixels_and_coefficients(self, name):
        """What Wavelet Flow Matching gains, it gains by scaling and architecture."""
        wavelets, process, level = WAVELETS[name].example(), FlowMatching(), jnp.asarray(0.3)
        clean, white = jax.random.normal(jax.random.key(0), (2, 4, 8, 1))
        noised = process.noised(clean, level, white)
        np.testing.assert_allclose(
            wavelets(noised), process.noised(wavelets(clean), level, wavelets(white)), atol=1e-12
        )
        model = Denoiser(lambda x, level, condition, key: jnp.tanh(x), process)
        batch = (None, jnp.stack([clean, white]))
        plain, changed = (
            DenoisingError(transform=t).loss(model, batch, average=model, key=jax.random.key(1))[0]
            for t in (None, wavelets)
        )
        np.testing.assert_allclose(plain, changed, rtol=1e-12)

    def test_scaled_bands_have_variance_one(self):
        amplitude = jnp.asarray(np.array([9.0, 3.0, 1.0])[generate.Haar(2).bands((4, 8))])[..., None]
        white = jax.random.normal(jax.random.key(0), (400, 4, 8, 1))
        fields = jax.jit(jax.vmap(lambda w: generate.Haar(2).inverse(amplitude * w)))(white)
        scaled = ScaledWavelets.of(generate.Haar(2), fields)
        coefficients = jax.jit(jax.vmap(scaled))(fields)
        np.testing.assert_allclose(scaled.scale[:, 0], [9.0, 3.0, 1.0], rtol=0.06)
        assert float(jnp.mean(coefficients**2)) == pytest.approx(1.0, abs=1e-9)
        np.testing.assert_allclose(jax.jit(jax.vmap(scaled.inverse))(coefficients), fields, atol=1e-12)

    def test_a_channel_that_is_zero_everywhere_stays_zero(self):
        """Such as a constant static field, which normalisation makes zero."""
        fields = jnp.zeros((3, 4, 8, 2)).at[:, 1, 2, 0].set(1.0)
        scaled = ScaledWavelets.of(generate.Haar(2), fields)
        np.testing.assert_array_equal(scaled(fields[0])[..., 1], 0.0)
        np.testing.assert_allclose(scaled.inverse(scaled(fields[0])), fields[0], atol=1e-12)

    def test_sides_that_cannot_be_halved_are_refused(self):
        with pytest.raises(InputError, match="multiples of 4"):
            generate.Haar(2)(jnp.zeros((4, 6, 1)))


class TestLoss:
    @pytest.mark.parametrize("name", PROCESSES)
    def test_the_loss_is_the_squared_error_of_the_raw_network(self, name):
        """For zero data: raw target (0 − skip σ ε)/out; the network gives 0, and one draw of ε is left."""
        process = PROCESSES[name].example()
        model = Denoiser(lambda x, level, condition, key: jnp.zeros_like(x), process)
        loss, _ = DenoisingError().loss(model, (None, jnp.zeros((4000, 1))), average=model, key=jax.random.key(0))
        levels = process.drawn((jnp.arange(4000) + 0.5) / 4000)
        around = jax.vmap(process.precondition)(levels)
        expected = jnp.mean((around.skip * process.noise(levels) / around.out) ** 2)
        assert float(loss) == pytest.approx(float(expected), rel=0.1)

    def test_missing_targets_do_not_count_and_weights_do(self):
        process = EDM()
        model = Denoiser(lambda x, level, condition, key: jnp.zeros_like(x), process)
        targets = jnp.ones((64, 2))
        loss = lambda objective, t: float(objective.loss(model, (None, t), average=model, key=jax.random.key(0))[0])
        whole = loss(DenoisingError(), targets)
        holed = loss(DenoisingError(), targets.at[:, 1].set(jnp.nan))
        first = loss(DenoisingError(weights=jnp.asarray([1.0, 0.0])), targets)
        assert np.isfinite(holed) and holed == pytest.approx(first, rel=1e-12) and holed != whole

    def test_two_modes_are_learned_and_a_condition_that_was_dropped_chooses(self):
        """Two narrow modes at ±2, the sign as a condition: seconds of training."""
        rng = np.random.default_rng(0)
        sign = rng.choice([-1.0, 1.0], 4096)[:, None]
        targets = 2.0 * sign + 0.2 * rng.normal(size=sign.shape)
        denoiser = Denoiser(_Small(jax.random.key(0)), FlowMatching())
        batches = InMemory((sign.astype(np.float32), targets.astype(np.float32)), 256)
        objective = DenoisingError(dropout=0.4)
        fitted = fit(
            denoiser, objective, batches, optax.adam(3e-3), 1200, key=jax.random.key(1), every=400, average=0.99
        )
        white = jax.random.normal(jax.random.key(2), (1000, 1), jnp.float32)
        draw = jax.jit(
            jax.vmap(lambda w, c: Heun(20).sample(fitted.model, w, c, key=jax.random.key(0)), in_axes=(0, None))
        )
        free, right = (np.asarray(draw(white, jnp.full(1, c, jnp.float32)))[:, 0] for c in (0.0, 1.0))
        assert np.mean(np.abs(free) < 1.0) < 0.06 and abs(np.mean(free > 0) - 0.5) < 0.08
        assert np.std(np.abs(free)) < 0.5 and np.mean(np.abs(free)) == pytest.approx(2.0, abs=0.1)
        assert np.mean(right > 1.0) > 0.97


class _Small(eqx.Module):
    mlp: eqx.nn.MLP

    def __init__(self, key):
        mlp = eqx.nn.MLP(4, 1, 48, 2, jax.nn.gelu, key=key)
        self.mlp = jax.tree.map(lambda w: w.astype(jnp.float32) if eqx.is_inexact_array(w) else w, mlp)

    def __call__(self, field, level, condition, *, key=None):
        return self.mlp(jnp.concatenate([field, condition, level[None], jnp.cos(3 * level)[None]]))


class TestNetworks:
    @pytest.mark.parametrize("shape", [(8, 8), (1, 16), (6, 10)])
    def test_shapes_of_fields_and_lines(self, shape):
        padding = LinePadding() if shape[0] == 1 else PeriodicPadding()
        kinds = [ConditionedUNet] if shape == (6, 10) else [ConditionedUNet, WaveletUNet]
        for kind in kinds:
            sizes = {"count": 2} if kind is WaveletUNet else {"levels": 2}
            network = eqx.filter_eval_shape(
                lambda k, kind=kind, sizes=sizes: kind(2, conditions=3, width=4, padding=padding, key=k, **sizes),
                jax.random.key(0),
            )
            field, condition = (jax.ShapeDtypeStruct((*shape, c), jnp.float64) for c in (2, 3))
            level = jax.ShapeDtypeStruct((), jnp.float64)
            out = eqx.filter_eval_shape(lambda n, f, ll, c: n(f, ll, c), network, field, level, condition)
            assert out.shape == (*shape, 2)

    def test_each_resolution_writes_its_own_band_and_the_level_matters(self):
        network = WaveletUNet(1, conditions=1, count=2, width=4, padding=LinePadding(), key=jax.random.key(0))
        film = lambda n: n.encode[0].film.weight
        network = eqx.tree_at(film, network, 0.1 * jax.random.normal(jax.random.key(1), film(network).shape))
        silent = eqx.tree_at(lambda n: n.heads[0].kernel, network, jnp.zeros_like(network.heads[0].kernel))
        run = eqx.filter_jit(lambda n, f, level, c: n(f, level, c))
        field, level = jax.random.normal(jax.random.key(2), (1, 16, 1)), jnp.asarray(0.3)
        zeros = jnp.zeros_like(field)
        whole, half = run(network, field, level, zeros), run(silent, field, level, zeros)
        np.testing.assert_array_equal(half[:, 8:], 0.0)
        np.testing.assert_allclose(half[:, :8], whole[:, :8], rtol=1e-12)
        assert float(jnp.max(jnp.abs(run(network, field, jnp.asarray(0.8), zeros) - whole))) > 1e-6
        assert float(jnp.max(jnp.abs(run(network, field, level, field[:, ::-1]) - whole))) > 1e-6
        np.testing.assert_array_equal(eqx.filter_jit(lambda n, f, ll: n(f, ll))(network, field, level), whole)

    def test_frames_are_channels_and_come_back(self):
        frames = jax.random.normal(jax.random.key(0), (3, 2, 4, 2))
        seen = []

        def network(field, level, condition, *, key=None):
            seen.append((field.shape, condition.shape))
            return field

        level = jnp.asarray(0.5)
        np.testing.assert_array_equal(StackedFrames(network)(frames, level, frames[..., :1]), frames)
        assert seen == [((2, 4, 6), (2, 4, 3))]
        plain = LevelChannels(lambda field, *, key=None: field[..., :2])
        np.testing.assert_array_equal(plain(frames[0], level, frames[1]), frames[0])

    def test_settings_of_a_trained_denoiser_are_not_weights(self):
        denoiser = Denoiser(_Small(jax.random.key(0)), EDM())
        steered = Guided(denoiser, ClassifierFree(1.0))
        count = lambda tree: len(jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array)))
        assert count(steered) == count(denoiser.network)
        assert dataclasses.replace(EDM(), std=0.5) != EDM()
