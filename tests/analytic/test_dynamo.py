"""DynaMo against its definition written out in loops, and every quirk of the public code against the paper."""

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.learn import fit
from synoptax.learn.networks import Encoder, Encoding, FlatPooling, MeanPooling, PeriodicPadding, Transformer
from synoptax.learn.represent import (
    AllWindows,
    AveragedTarget,
    Bottleneck,
    DynaMo,
    ForwardUnscheduled,
    MeanOffDiagonal,
    NextFrame,
    NoCovariance,
    NoLatent,
    OffDiagonal,
    PlainGradient,
    Recipe,
    SameFrame,
    SelfWeightedGradient,
    SharedSchedule,
    StopGradientTarget,
    UnstoppedTarget,
    UntrainedLatent,
    WideLatent,
    Windows,
    WithoutLastWindow,
)

SHAPE, CHANNELS = (4, 6), 2
SMALL = DynaMo.example()


class Flat(eqx.Module):
    """A linear encoder: compiles in no time, and the loss does not care what encodes."""

    linear: jax.Array
    dimension: int = eqx.field(static=True, default=6)

    def __call__(self, field):
        return Encoding((field,), self.linear @ field.reshape(-1))


def build(method, seed=9):
    """A dynamics model with weights of order one: at start values of 0.02 transformers hardly answer to their input."""
    encoder = Flat(jnp.ones((6, SHAPE[0] * SHAPE[1] * CHANNELS)))
    return lively(eqx.filter_eval_shape(lambda: method.model(encoder, key=jax.random.key(0))), seed=seed)


@pytest.fixture(scope="module")
def model():
    return build(SMALL)


@pytest.fixture(scope="module")
def windows():
    return jnp.asarray(np.random.default_rng(1).normal(size=(5, 3, *SHAPE, CHANNELS)))


def lively(shapes, *, seed=9):
    """Random weights in place of shapes, without compiling anything."""
    rng = np.random.default_rng(seed)
    struct = lambda x: isinstance(x, jax.ShapeDtypeStruct)
    fill = lambda x: jnp.asarray(0.3 * rng.normal(size=x.shape), x.dtype) if struct(x) else x
    return jax.tree.map(fill, shapes, is_leaf=struct)


@eqx.filter_jit
def value(objective, model, windows):
    return objective.loss(model, windows, average=model, key=jax.random.key(2))[0]


@eqx.filter_jit
def value_and_gradient(objective, model, windows, average=None):
    def loss(m):
        return objective.loss(m, windows, average=m if average is None else average, key=jax.random.key(2))[0]

    return eqx.filter_value_and_grad(loss)(model)


def size(tree):
    return sum(float(np.abs(np.asarray(x)).sum()) for x in jax.tree.leaves(eqx.filter(tree, eqx.is_inexact_array)))


def difference(first, second):
    pairs = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    return sum(float(np.abs(np.asarray(a) - np.asarray(b)).sum()) for a, b in pairs if eqx.is_inexact_array(a))


class TestTransformer:
    def test_an_output_depends_on_no_later_token(self, model):
        network = eqx.filter_jit(model.inverse)
        tokens = np.random.default_rng(4).normal(size=(3, 6))
        later = tokens.copy()
        later[1] += 1.0
        before, after = network(jnp.asarray(tokens)), network(jnp.asarray(later))
        np.testing.assert_array_equal(before[:1], after[:1])
        assert np.all(np.abs(before[1:] - after[1:]).max(axis=1) > 1e-3)

    def test_a_short_sequence_is_the_beginning_of_a_long_one(self, model):
        network = eqx.filter_jit(model.inverse)
        tokens = jnp.asarray(np.random.default_rng(4).normal(size=(3, 6)))
        np.testing.assert_allclose(network(tokens[:2]), network(tokens)[:2], rtol=1e-4, atol=1e-5)

    def test_start_values_are_those_of_gpt2(self):
        network = Transformer(64, 64, length=64, width=64, layers=3, heads=2, key=jax.random.key(3))
        block = network.blocks[0]
        for weight in (network.embed.weight, network.positions, block.attend.weight, block.widen.weight):
            assert float(np.std(weight)) == pytest.approx(0.02, rel=0.05)
        for weight in (block.mix.weight, block.narrow.weight):
            assert float(np.std(weight)) == pytest.approx(0.02 / np.sqrt(6), rel=0.05)
        assert size([block.mix.bias, block.attend.bias, network.head.bias]) == 0.0

    def test_a_sequence_that_is_too_long_is_refused(self, model):
        with pytest.raises(InputError, match="4 tokens"):
            model.inverse(jnp.zeros((4, 6)))

    def test_dropout_draws_by_its_key_and_is_off_in_inference(self, model):
        noisy = eqx.tree_at(lambda m: m.dropout.p, model.inverse, 0.5, is_leaf=lambda x: x is None)
        run = eqx.filter_jit(lambda network, key: network(jnp.ones((3, 6)), key=key))
        one, two = (run(noisy, jax.random.key(k)) for k in (0, 1))
        assert np.abs(np.asarray(one - two)).max() > 1e-3
        still = eqx.nn.inference_mode(noisy)
        np.testing.assert_array_equal(run(still, jax.random.key(0)), run(still, jax.random.key(1)))


class TestEncoder:
    @staticmethod
    def make(pooling, shape=(4, 8), levels=2):
        def new():
            settings = {"width": 2, "levels": levels, "pooling": pooling, "padding": PeriodicPadding()}
            return Encoder(1, shape, **settings, key=jax.random.key(0))

        return lively(eqx.filter_eval_shape(new))

    def test_mean_pooling_does_not_see_where_and_flat_pooling_does(self):
        field = np.random.default_rng(1).normal(size=(4, 8, 1))
        pair = jnp.asarray(np.stack([field, np.roll(field, 2, axis=1), field + 1.0]))
        mean = eqx.filter_jit(jax.vmap(self.make(MeanPooling())))(pair)
        flat = jax.vmap(self.make(FlatPooling(5)).pool)(mean.maps[1])
        np.testing.assert_allclose(mean.vector[0], mean.vector[1], rtol=1e-6)
        assert np.abs(flat[0] - flat[1]).max() > 1e-2
        still, moved, lifted = np.asarray(mean.maps[1])
        np.testing.assert_allclose(np.roll(still, 1, axis=1), moved, rtol=1e-6)
        assert np.abs(still - lifted).max() > 1e-2  # the level of the field is not normalised away

    def test_maps_of_odd_grids(self):
        odd = self.make(MeanPooling(), shape=(5, 7), levels=3)
        encoding = eqx.filter_eval_shape(odd, jnp.ones((5, 7, 1)))
        assert [m.shape for m in encoding.maps] == [(5, 7, 2), (3, 4, 4), (2, 2, 8)]
        assert encoding.vector.shape == (odd.dimension,) == (8,)
        stacked = eqx.filter_eval_shape(Encoding.stacked, encoding)
        assert stacked.shape == (5, 7, odd.map_channels) == (5, 7, 14)

    def test_coarse_maps_are_replicated_on_the_finest(self):
        fine, coarse = jnp.zeros((5, 7, 1)), jnp.arange(12.0).reshape(3, 4, 1)
        stacked = Encoding((fine, coarse), jnp.zeros(1)).stacked()
        assert stacked[4, 6, 1] == coarse[2, 3, 0] and stacked[3, 1, 1] == stacked[2, 0, 1] == coarse[1, 0, 0]


class TestLoss:
    @pytest.mark.parametrize("covariance", [OffDiagonal(0.5), MeanOffDiagonal(0.5), NoCovariance()])
    def test_equals_the_definition_written_in_loops(self, model, windows, covariance):
        objective = dataclasses.replace(SMALL, covariance=covariance).objective()
        found = value(objective, model, windows)
        inverse, forward = eqx.filter_jit(model.inverse), eqx.filter_jit(model.forward)
        vector = eqx.filter_jit(lambda frame: model.encoder(frame).vector)
        states = np.array([[vector(frame) for frame in window] for window in windows])
        terms = []
        for window in states:
            latents = np.asarray(inverse(jnp.asarray(window)))
            tokens = [np.concatenate([window[t], latents[t + 1]]) for t in range(2)]  # z of t -> t+1 at position t+1
            predicted = np.asarray(forward(jnp.asarray(np.array(tokens))))
            for t in range(2):
                a, b = predicted[t], window[t + 1]
                terms.append(1 - a @ b / np.sqrt(a @ a) / np.sqrt(b @ b))
        cov = np.cov(states.reshape(-1, 6).T)
        off = sum(cov[i, j] ** 2 for i in range(6) for j in range(6) if i != j)
        scale = {OffDiagonal: 1 / 6, MeanOffDiagonal: 1 / 30, NoCovariance: 0.0}[type(covariance)]
        assert float(found) == pytest.approx(np.mean(terms) + 0.5 * scale * off, rel=2e-5)

    def test_the_public_codes_covariance_is_weaker_by_the_dimension_less_one(self):
        cloud = jnp.asarray(np.random.default_rng(0).normal(size=(40, 9)))
        ratio = OffDiagonal().penalty(cloud) / MeanOffDiagonal().penalty(cloud)
        assert float(ratio) == pytest.approx(8.0, rel=1e-5)

    def test_uncorrelated_components_cost_nothing(self):
        corners = jnp.asarray([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
        assert float(OffDiagonal().penalty(3.0 * corners)) == pytest.approx(0.0, abs=1e-12)

    def test_the_latent_of_the_first_position_is_not_used(self):
        states, latents = jnp.ones((1, 3, 2)), jnp.arange(12.0).reshape(1, 3, 4)
        tokens = NextFrame().tokens(states, latents)
        np.testing.assert_array_equal(tokens, NextFrame().tokens(states, latents.at[:, 0].set(-9.0)))
        np.testing.assert_array_equal(tokens[0, :, 2:], latents[0, 1:])


class TestTargets:
    def test_all_targets_have_one_value_and_only_one_stops_the_gradient(self, model, windows):
        plain = dataclasses.replace(SMALL, covariance=NoCovariance())
        stopped, free = (
            value_and_gradient(dataclasses.replace(plain, target=t).objective(), model, windows)
            for t in (StopGradientTarget(), UnstoppedTarget())
        )
        assert float(stopped[0]) == pytest.approx(float(free[0]), rel=1e-6)
        np.testing.assert_allclose(stopped[1].forward.head.weight, free[1].forward.head.weight, rtol=1e-3, atol=1e-5)
        assert difference(stopped[1].encoder, free[1].encoder) > 0.1 * size(free[1].encoder)

    def test_the_stopped_target_is_a_constant(self, model, windows):
        """With itself as a fixed average, the averaged target has the same value and no other gradient."""
        averaged = dataclasses.replace(SMALL, target=AveragedTarget()).objective()
        one = value_and_gradient(SMALL.objective(), model, windows)
        two = value_and_gradient(averaged, model, windows, model)
        assert float(one[0]) == pytest.approx(float(two[0]), rel=1e-6)
        assert difference(one[1], two[1]) < 1e-4 * size(two[1])

    def test_the_averaged_target_reads_the_average_and_trains_the_inverse_model(self, model, windows):
        averaged = dataclasses.replace(SMALL, target=AveragedTarget()).objective()
        same, _ = value_and_gradient(averaged, model, windows, model)
        moved, gradient = value_and_gradient(averaged, model, windows, build(SMALL, seed=10))
        assert abs(float(same - moved)) > 1e-3
        assert size(gradient.inverse) > 0.0

    def test_the_decay_rises_from_its_start_to_one(self):
        decay = AveragedTarget(0.9).decay(100)
        found = [float(decay(jnp.asarray(s))) for s in (0, 50, 100)]
        np.testing.assert_allclose(found, [0.9, 0.95, 1.0], atol=1e-6)
        assert StopGradientTarget().decay(100) is None and UnstoppedTarget().decay(100) is None


class TestLatents:
    def test_the_public_codes_averaged_mode_never_trains_the_inverse_model(self, model, windows):
        paper = dataclasses.replace(SMALL, target=AveragedTarget())
        public = dataclasses.replace(paper, latent=UntrainedLatent(4))
        (v1, g1), (v2, g2) = (value_and_gradient(m.objective(), model, windows, model) for m in (paper, public))
        assert float(v1) == pytest.approx(float(v2), rel=1e-6)  # the average equals the model at the start
        assert size(g1.inverse) > 0.0 and size(g2.inverse) == 0.0
        assert difference(g1.encoder, g2.encoder) > 0.0

    def test_and_leaves_it_at_its_start_after_training(self, windows):
        recipe = Recipe(steps=2, batch=4, every=1, warmup=0.0)
        method = dataclasses.replace(SMALL, target=AveragedTarget(), latent=UntrainedLatent(4), recipe=recipe)
        model = build(method)
        batches = Windows(windows.reshape(15, *SHAPE, CHANNELS), method.index(np.zeros(15, int)), 4)
        settings = {"key": jax.random.key(6), "every": recipe.every, "average": method.decay()}
        fitted = fit(model, method.objective(), batches, method.optimiser(), recipe.steps, **settings)
        assert difference(model.encoder, fitted.last.encoder) > 0.0
        assert difference(model.forward, fitted.last.forward) > 0.0
        assert difference(model.inverse, fitted.last.inverse) == 0.0

    def test_it_is_refused_without_an_average(self):
        with pytest.raises(InputError, match="AveragedTarget"):
            dataclasses.replace(SMALL, latent=UntrainedLatent(4))

    def test_sizes(self):
        assert [z.size(32) for z in (Bottleneck(8), WideLatent(), NoLatent())] == [8, 32, 0]

    def test_the_same_frame_ablation_hides_the_states_from_the_forward_model(self):
        method = dataclasses.replace(SMALL, prediction=SameFrame())
        assert build(method).forward.embed.weight.shape == (8, 4)
        tokens = SameFrame().tokens(jnp.full((1, 3, 2), jnp.nan), jnp.ones((1, 3, 4)))
        assert tokens.shape == (1, 2, 4) and bool(jnp.all(jnp.isfinite(tokens)))

    def test_without_latent_there_is_no_inverse_model(self, windows):
        method = dataclasses.replace(SMALL, latent=NoLatent())
        model = build(method)
        assert model.inverse is None and model.forward.embed.weight.shape == (8, 6)
        assert np.isfinite(float(value(method.objective(), model, windows)))

    def test_a_forward_model_without_input_is_refused(self):
        with pytest.raises(InputError, match="without input"):
            build(dataclasses.replace(SMALL, latent=NoLatent(), prediction=SameFrame()))


class TestBackward:
    def test_the_self_weighted_gradient_is_that_of_half_the_square(self):
        loss = lambda x: 1.5 + jnp.sum(x**3)
        x = jnp.asarray([0.5, -1.0, 2.0])
        hand = SelfWeightedGradient().hand
        assert float(hand(loss(x))) == pytest.approx(float(loss(x)))
        found = jax.grad(lambda x: hand(loss(x)))(x)
        np.testing.assert_allclose(found, jax.grad(lambda x: loss(x) ** 2 / 2)(x), rtol=1e-6)
        plain = jax.grad(lambda x: PlainGradient().hand(loss(x)))(x)
        np.testing.assert_allclose(found, float(loss(x)) * plain, rtol=1e-6)


class TestSchedules:
    @staticmethod
    def updates(method, model, gradient, count):
        """Sizes of the first `count` updates of encoder, inverse and forward model under a constant gradient."""
        optimiser = method.optimiser()
        weights = eqx.filter(model, eqx.is_inexact_array)

        def one(state, _):
            change, state = optimiser.update(gradient, state, weights)
            return state, jnp.stack(
                [
                    sum(jnp.sum(jnp.abs(x)) for x in jax.tree.leaves(getattr(change, part)))
                    for part in ("encoder", "inverse", "forward")
                ]
            )

        return np.asarray(jax.jit(lambda: jax.lax.scan(one, optimiser.init(weights), length=count)[1])())

    @pytest.mark.parametrize("schedule, moves", [(SharedSchedule(), False), (ForwardUnscheduled(), True)])
    def test_only_the_public_codes_forward_model_moves_at_the_first_step(self, model, windows, schedule, moves):
        method = dataclasses.replace(SMALL, schedule=schedule, recipe=Recipe(steps=8, warmup=0.25, rate=1e-2))
        _, gradient = value_and_gradient(method.objective(), model, windows)
        first, _, middle, *_, last = self.updates(method, model, gradient, 9)
        np.testing.assert_allclose(first[:2], 0.0, atol=1e-12)
        np.testing.assert_allclose(last[:2], 0.0, atol=1e-5)
        assert np.all(middle > 0.0)
        assert (first[2] > 0.0) == moves and (last[2] > 1e-3) == moves

    def test_each_part_is_clipped_for_itself(self, model, windows):
        method = dataclasses.replace(SMALL, recipe=Recipe(steps=8, warmup=0.0, clip=1e-6))
        _, gradient = value_and_gradient(method.objective(), model, windows)
        louder = eqx.tree_at(lambda g: g.forward, gradient, jax.tree.map(lambda x: 1e6 * x, gradient.forward))
        plain, loud = (self.updates(method, model, g, 1)[0] for g in (gradient, louder))
        np.testing.assert_allclose(plain[:2], loud[:2], rtol=1e-5)


class TestWindows:
    segment = np.array([0] * 6 + [1] * 2 + [2] * 4)

    def test_all_windows_of_every_run_and_none_across_a_break(self):
        index = AllWindows().index(self.segment, 3)
        assert index.shape == (4 + 0 + 2, 3)
        assert np.all(np.diff(index, axis=1) == 1)
        assert np.all(self.segment[index] == self.segment[index[:, :1]])
        assert index.max() == 11  # the last frame is used

    def test_the_public_code_loses_the_last_window_of_every_run(self):
        index = WithoutLastWindow().index(self.segment, 3)
        lost = {tuple(w) for w in AllWindows().index(self.segment, 3)} - {tuple(w) for w in index}
        assert lost == {(3, 4, 5), (9, 10, 11)}

    def test_a_run_that_returns_to_an_old_number_is_another_run(self):
        assert AllWindows().index(np.array([0, 0, 1, 1, 0, 0]), 2).tolist() == [[0, 1], [2, 3], [4, 5]]

    def test_frames_may_stand_further_apart(self):
        np.testing.assert_array_equal(AllWindows().index(np.zeros(6, int), 3, step=2), [[0, 2, 4], [1, 3, 5]])

    def test_no_run_long_enough_is_refused(self):
        with pytest.raises(InputError, match="has 6"):
            AllWindows().index(self.segment, 7)
