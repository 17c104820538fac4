"""Networks on fields: what each promises about shifts, grids, lines, its start, leads, windows and spectra."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.learn.networks import (
    AdaptiveFourierOperator,
    Decoder,
    EarthSpecificBias,
    FourierOperator,
    KoopmanOperator,
    PeriodicPadding,
    RelativeBias,
    VisionTransformer,
    WindowTransformer,
)
from synoptax.learn.networks.patches import join, split

RNG = np.random.default_rng(0)
run = eqx.filter_jit(lambda network, field, **facts: network(field, **facts))


def lively(shapes, *, seed=9, scale=0.3):
    """Random weights in place of shapes, without compiling anything."""
    rng = np.random.default_rng(seed)
    struct = lambda x: isinstance(x, jax.ShapeDtypeStruct)
    fill = lambda x: jnp.asarray(scale * rng.normal(size=x.shape), x.dtype) if struct(x) else x
    return jax.tree.map(fill, shapes, is_leaf=struct)


def made(cls, *given, **settings):
    """A network with weights of order one, at which every part answers to its input."""
    return lively(eqx.filter_eval_shape(lambda: cls(*given, **settings, key=jax.random.key(0))))


def networks(shape, patch):
    """The four maps of fields from two channels to two, on `shape`."""
    key = jax.random.key(1)
    small = {"patch": patch, "width": 8}
    window = {"periodic": (False, True), "window": (2, 2, 2), "heads": 2, "depth": 2}
    return {
        "fourier": lambda: FourierOperator(2, 2, width=8, modes=(2, 3), depth=2, key=key),
        "adaptive": lambda: AdaptiveFourierOperator(2, 2, depth=1, blocks=2, shape=shape, **small, key=key),
        "vision": lambda: VisionTransformer(2, 2, shape=shape, layers=1, heads=2, **small, key=key),
        "window": lambda: WindowTransformer((1, 1), shape, **window, **small, key=key),
    }


@eqx.filter_jit
def output_and_gradient(network, field):
    loss = lambda m: jnp.mean((m(field) - 1.0) ** 2)
    return network(field), eqx.filter_grad(loss)(network)


@pytest.mark.parametrize("name", ["fourier", "adaptive", "vision", "window"])
@pytest.mark.parametrize(("shape", "patch"), [((4, 8), (2, 2)), ((1, 8), (1, 2))], ids=["box", "line"])
def test_boxes_and_lines_start_near_persistence_with_finite_gradients_everywhere(name, shape, patch):
    network = eqx.filter_jit(networks(shape, patch)[name])()
    field = jnp.asarray(RNG.normal(size=(*shape, 2)))
    out, gradient = output_and_gradient(network, field)
    assert out.shape == field.shape and out.dtype == field.dtype
    assert 1e-4 < float(jnp.std(out)) < 0.3
    leaves = jax.tree.leaves(eqx.filter(gradient, eqx.is_inexact_array))
    assert all(bool(jnp.all(jnp.isfinite(g))) for g in leaves)
    reached = sum(float(jnp.max(jnp.abs(g))) > 0 for g in leaves)
    assert reached >= len(leaves) - (3 if shape[0] == 1 else 0)  # modes along y that a line does not have


def test_single_precision_stays_single():
    network = made(FourierOperator, 2, 2, width=4, modes=(2, 3), depth=1)
    small = jax.tree.map(lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x, network)
    field = RNG.normal(size=(4, 8, 2))
    single, double = run(small, jnp.asarray(field, jnp.float32)), run(network, jnp.asarray(field))
    assert single.dtype == jnp.float32
    np.testing.assert_allclose(single, double, rtol=1e-3, atol=1e-4)


class TestFourierOperator:
    @staticmethod
    def waves(ny, nx):
        """A field with waves up to 2 along y and 3 along x, sampled."""
        y, x = np.meshgrid(2 * np.pi * np.arange(ny) / ny, 2 * np.pi * np.arange(nx) / nx, indexing="ij")
        first = 0.3 + np.sin(x) + 0.5 * np.cos(3 * x - 2 * y + 0.4)
        return jnp.asarray(np.stack([first, np.cos(2 * y + x) - 0.6 * np.sin(2 * x)], axis=-1))

    def test_one_layer_is_a_product_with_complex_weights_on_the_lowest_waves(self):
        network = made(FourierOperator, 2, 2, width=3, modes=(2, 3), depth=1)
        field = RNG.normal(size=(6, 8, 2))
        block = network.blocks[0]
        h = field @ np.asarray(network.lift.weight) + np.asarray(network.lift.bias)
        waves, out = np.fft.rfft2(h, axes=(0, 1)), np.zeros((6, 5, 3), complex)
        for ky in (-1, 0, 1):
            for kx in range(3):
                weight = np.asarray(block.real)[ky + 1, kx] + 1j * np.asarray(block.imaginary)[ky + 1, kx]
                out[ky, kx] = waves[ky, kx] @ weight
        bypass = h @ np.asarray(block.bypass.weight) + np.asarray(block.bypass.bias)
        want = np.fft.irfft2(out, s=(6, 8), axes=(0, 1)) + bypass
        np.testing.assert_allclose(run(block, jnp.asarray(h)), want, atol=1e-12)

    def test_shifting_the_field_shifts_the_output(self):
        network = made(FourierOperator, 2, 2, width=4, modes=(2, 3), depth=2)
        field = jnp.asarray(RNG.normal(size=(6, 8, 2)))
        moved = run(network, jnp.roll(field, (2, 3), axis=(0, 1)))
        np.testing.assert_allclose(moved, jnp.roll(run(network, field), (2, 3), axis=(0, 1)), atol=1e-11)

    def test_the_same_weights_are_the_same_function_on_a_finer_grid(self):
        network = made(FourierOperator, 2, 2, width=4, modes=(3, 4), depth=1)
        coarse, fine = run(network, self.waves(6, 8)), run(network, self.waves(12, 24))
        np.testing.assert_allclose(coarse, fine[::2, ::3], atol=1e-11)
        assert float(jnp.std(coarse)) > 0.01

    def test_with_several_layers_grids_agree_ever_better(self):
        network = made(FourierOperator, 2, 2, width=4, modes=(3, 4), depth=2)
        outs = [run(network, self.waves(8 * 2**i, 8 * 2**i))[:: 2**i, :: 2**i] for i in range(3)]
        first, second = (float(jnp.max(jnp.abs(a - b))) for a, b in ((outs[0], outs[1]), (outs[1], outs[2])))
        assert second < 0.02 * first < 0.02 * float(jnp.std(outs[0]))

    def test_waves_that_a_coarse_grid_cannot_carry_are_left_out(self):
        network = made(FourierOperator, 2, 2, width=4, modes=(3, 4), depth=1)
        block = network.blocks[0]
        kept = (lambda b: b.real, lambda b: b.imaginary)
        cut = eqx.tree_at(lambda b: [k(b) for k in kept], block, [k(block)[2:3, :2] for k in kept])
        field = jnp.asarray(RNG.normal(size=(1, 4, 4)))
        np.testing.assert_allclose(run(block, field), run(cut, field), atol=1e-12)

    def test_no_modes_are_refused(self):
        with pytest.raises(InputError, match="1 or more"):
            FourierOperator(1, 1, modes=(0, 2), key=jax.random.key(0))


class TestAdaptiveFourierOperator:
    def test_waves_are_mixed_by_the_complex_network(self):
        layer = made(AdaptiveFourierOperator, 2, 2, width=4, depth=1, blocks=2).layers[0]
        tokens = RNG.normal(size=(3, 4, 4))
        complex_of = lambda w: np.asarray(w)[0] + 1j * np.asarray(w)[1]
        relu = lambda z: np.maximum(z.real, 0) + 1j * np.maximum(z.imag, 0)
        shrunk = lambda x: np.sign(x) * np.maximum(np.abs(x) - layer.shrink, 0)
        z = np.fft.rfft2(tokens, axes=(0, 1), norm="ortho").reshape(3, 3, 2, 2)
        z = relu(np.einsum("lkbi,bio->lkbo", z, complex_of(layer.first)) + complex_of(layer.first_bias))
        z = np.einsum("lkbi,bio->lkbo", z, complex_of(layer.second)) + complex_of(layer.second_bias)
        z = shrunk(z.real) + 1j * shrunk(z.imag)
        want = np.fft.irfft2(z.reshape(3, 3, 4), s=(3, 4), axes=(0, 1), norm="ortho")
        np.testing.assert_allclose(eqx.filter_jit(layer._mixed)(jnp.asarray(tokens)), want, atol=1e-12)

    def test_a_layer_adds_tokens_their_norm_and_mixed_waves_and_then_an_mlp_of_the_norm(self):
        layer = made(AdaptiveFourierOperator, 2, 2, width=4, depth=1, blocks=2).layers[0]
        tokens = RNG.normal(size=(3, 4, 4)) + 2.0

        def norm(x, by):
            apart = x - x.mean(axis=-1, keepdims=True)
            scaled = apart / np.sqrt((apart**2).mean(axis=-1, keepdims=True) + by.eps)
            return scaled * np.asarray(by.weight) + np.asarray(by.bias)

        affine = lambda x, by: x @ np.asarray(by.weight).T + np.asarray(by.bias)
        gelu = lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2
        a = norm(tokens, layer.norms[0])
        h = tokens + a + np.asarray(eqx.filter_jit(layer._mixed)(jnp.asarray(a)))
        want = h + affine(gelu(affine(norm(h, layer.norms[1]), layer.widen)), layer.narrow)
        np.testing.assert_allclose(run(layer, jnp.asarray(tokens)), want, atol=1e-12)

    def test_odd_fields_are_continued_and_other_shapes_refused_where_places_are_known(self):
        anywhere = made(AdaptiveFourierOperator, 2, 3, width=4, depth=1, blocks=2)
        assert eqx.filter_eval_shape(anywhere, jnp.zeros((8, 2, 2))).shape == (8, 2, 3)
        network = made(AdaptiveFourierOperator, 2, 3, width=4, depth=1, blocks=2, shape=(6, 8))
        assert eqx.filter_eval_shape(network, jnp.zeros((5, 7, 2))).shape == (5, 7, 3)
        with pytest.raises(InputError, match="4 x 4 patches"):
            network(jnp.zeros((8, 8, 2)))
        with pytest.raises(InputError, match="multiple of 3"):
            AdaptiveFourierOperator(2, 2, width=4, blocks=3, key=jax.random.key(0))


class TestVisionTransformer:
    network = staticmethod(lambda: made(VisionTransformer, 2, 2, shape=(4, 8), width=8, layers=1, heads=2))

    def test_the_lead_matters_and_every_place_sees_every_place(self):
        network, field = self.network(), jnp.asarray(RNG.normal(size=(4, 8, 2)))
        early, late = run(network, field, lead=jnp.asarray(0.25)), run(network, field, lead=jnp.asarray(2.0))
        assert float(jnp.max(jnp.abs(early - late))) > 1e-2
        changed = run(network, field.at[0, 0, 1].add(1.0), lead=jnp.asarray(2.0)) - late
        assert float(jnp.min(jnp.max(jnp.abs(changed), axis=(-1)))) > 1e-7

    def test_variables_that_swap_with_their_names_change_nothing(self):
        network, field = self.network(), jnp.asarray(RNG.normal(size=(4, 8, 2)))
        parts = lambda m: (m.embed, m.names)
        swapped = eqx.tree_at(parts, network, tuple(p[::-1] for p in parts(network)))
        kept, unnamed = run(network, field), run(network, field[..., ::-1])
        np.testing.assert_allclose(run(swapped, field[..., ::-1]), kept, atol=1e-12)
        assert float(jnp.max(jnp.abs(unnamed - kept))) > 1e-3

    def test_another_shape_is_refused(self):
        with pytest.raises(InputError, match=r"\(4, 6, 2\)"):
            self.network()(jnp.zeros((4, 6, 2)))


class TestWindowTransformer:
    @staticmethod
    def network(*, periodic, bias=RelativeBias()):
        settings = {"window": (1, 2, 2), "width": 4, "heads": 2, "depth": 2, "patch": (1, 1)}
        return made(WindowTransformer, (1, 1), (4, 8), periodic=periodic, bias=bias, **settings)

    @pytest.mark.parametrize("wrap", [True, False])
    def test_shifted_windows_reach_round_where_the_grid_closes_only(self, wrap):
        network, field = self.network(periodic=(False, wrap)), jnp.asarray(RNG.normal(size=(4, 8, 2)))
        changed = run(network, field.at[0, 0, 0].add(1.0)) - run(network, field)
        seen = np.asarray(jnp.max(jnp.abs(changed), axis=-1) > 0)
        want = np.zeros((4, 8), bool)
        want[:3, [0, 1, 2, 7] if wrap else [0, 1, 2]] = True  # its window, and the shifted ones that meet that
        np.testing.assert_array_equal(seen, want)

    def test_shifts_by_windows_shift_the_output_and_the_earth_has_a_north(self):
        field = jnp.asarray(RNG.normal(size=(4, 8, 2)))
        both = self.network(periodic=(True, True))
        moved = run(both, jnp.roll(field, (2, 4), axis=(0, 1)))
        np.testing.assert_allclose(moved, jnp.roll(run(both, field), (2, 4), axis=(0, 1)), atol=1e-11)
        earth = self.network(periodic=(True, True), bias=EarthSpecificBias())
        east = run(earth, jnp.roll(field, 4, axis=1)) - jnp.roll(run(earth, field), 4, axis=1)
        north = run(earth, jnp.roll(field, 2, axis=0)) - jnp.roll(run(earth, field), 2, axis=0)
        assert float(jnp.max(jnp.abs(east))) < 1e-11 < 1e-4 < float(jnp.max(jnp.abs(north)))

    def test_biases_are_those_of_the_papers(self):
        window = (2, 2, 3)
        at = np.indices(window).reshape(3, -1).T
        relative, earth = RelativeBias().entry(window), EarthSpecificBias().entry(window)
        assert len(np.unique(relative)) == 3 * 3 * 5 and len(np.unique(earth)) == 2**2 * 2**2 * 5 == earth.max() + 1
        for i, j, k, m in RNG.integers(0, 12, (200, 4)):
            offsets = (at[i] - at[j] == at[k] - at[m]).all()
            assert (relative[i, j] == relative[k, m]) == offsets
            same = (at[[i, j], :2] == at[[k, m], :2]).all() and at[i, 2] - at[j, 2] == at[k, 2] - at[m, 2]
            assert (earth[i, j] == earth[k, m]) == same
        np.testing.assert_array_equal(EarthSpecificBias().kinds((2, 3, 9)), [[0, 1, 2], [3, 4, 5]])

    def test_levels_mix_and_groups_may_differ(self):
        settings = {"window": (2, 2, 2), "width": 4, "heads": 2, "depth": 1, "outputs": (1, 3)}
        network = made(WindowTransformer, (3, 2), (4, 4), **settings)
        field = jnp.asarray(RNG.normal(size=(4, 4, 5)))
        changed = run(network, field.at[0, 0, 4].add(1.0)) - run(network, field)
        assert changed.shape == (4, 4, 4) and float(jnp.max(jnp.abs(changed[..., 0]))) > 1e-6

    def test_what_does_not_fit_is_refused(self):
        key = jax.random.key(0)
        for message, levels, shape, settings in (
            ("7 tokens along x", (1,), (4, 14), {}),
            ("do not close", (1,), (4, 7), {}),
            ("give as many", (1, 1), (4, 8), {"outputs": (2,)}),
            ("cannot be shared", (1,), (4, 8), {"heads": 3}),
        ):
            with pytest.raises(InputError, match=message):
                WindowTransformer(levels, shape, width=4, **{"heads": 2, **settings}, key=key)
        with pytest.raises(InputError, match=r"\(4, 4, 1\)"):
            made(WindowTransformer, (1,), (4, 8), width=4, heads=2, depth=1)(jnp.zeros((4, 4, 1)))


class TestKoopmanOperator:
    def test_powers_are_steps_and_steps_are_the_matrix_with_those_eigenvalues(self):
        operator = KoopmanOperator(6, memory=3.0, key=jax.random.key(0))
        z = jnp.asarray(RNG.normal(size=6))
        many = z
        for _ in range(5):
            many = operator.advance(many)
        np.testing.assert_allclose(operator.power(z, 5), many, atol=1e-12)
        np.testing.assert_allclose(operator.power(operator.power(z, 0.4), 0.6), operator.advance(z), atol=1e-12)
        np.testing.assert_array_equal(operator.power(z, 0), z)
        matrix = jax.jacfwd(operator.advance)(z)
        want = np.asarray(operator.eigenvalues) @ np.array([1, 1j])
        found = np.linalg.eigvals(np.asarray(matrix))
        np.testing.assert_allclose(np.sort_complex(found[found.imag > 0]), np.sort_complex(want), atol=1e-9)
        assert float(operator.spectral_radius) == pytest.approx(np.exp(-1 / 3)) == np.abs(found).max()

    def test_no_update_makes_it_grow(self):
        operator = KoopmanOperator(4, key=jax.random.key(0))
        for seed in range(20):
            wild = lively(eqx.filter_eval_shape(lambda: operator), seed=seed, scale=10.0 ** (seed % 5))
            assert float(wild.spectral_radius) <= 1.0
            z = jnp.asarray(RNG.normal(size=4))
            assert float(jnp.linalg.norm(wild.power(z, 1e4))) <= float(jnp.linalg.norm(z)) * (1 + 1e-12)

    def test_odd_states_and_impossible_periods_are_refused(self):
        with pytest.raises(InputError, match="even"):
            KoopmanOperator(5, key=jax.random.key(0))
        with pytest.raises(InputError, match="at least 2"):
            KoopmanOperator(4, fastest=1.0, key=jax.random.key(0))


@pytest.mark.parametrize("shape", [(5, 6), (1, 8)])
def test_a_decoder_draws_fields_of_its_shape(shape):
    decoder = made(Decoder, 3, 2, shape, width=2, padding=PeriodicPadding())
    draw = eqx.filter_jit(lambda decoder, vectors: jax.vmap(decoder)(vectors))
    fields = draw(decoder, jnp.asarray(RNG.normal(size=(2, 3))))
    assert fields.shape == (2, *shape, 2) and float(jnp.max(jnp.abs(fields[0] - fields[1]))) > 1e-3


def test_patches_are_put_together_as_they_were_cut():
    field = jnp.asarray(RNG.normal(size=(5, 6, 2)))
    cells = split(field, (2, 3))
    assert cells.shape == (3, 2, 6, 2)
    np.testing.assert_array_equal(cells[1, 1, 4], field[3, 4])
    np.testing.assert_array_equal(cells[2, 0, 3:], cells[2, 0, :3])
    np.testing.assert_array_equal(join(cells, (2, 3), (5, 6)), field)
