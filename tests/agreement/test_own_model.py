"""A user's own model: the snippets of the docs run, and NumPy code is as good as JAX where no derivative is asked."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import linear_twin as twin
import numpy as np
import pytest

from synoptax import assimilate
from synoptax.assimilate import ETKF, AbstractAnalysis, AbstractReconstruction, Multiplicative, cycle
from synoptax.core import InputError, Status, entries
from synoptax.dynamics import HostFunction, StepFunction, TendencyFunction, rollout
from synoptax.observe import Diagonal
from synoptax.records import Gaussian, Window

PAGE = Path(__file__).parents[2] / "docs" / "assimilation.md"
ANALYSES = entries(assimilate, AbstractAnalysis)
RECONSTRUCTIONS = entries(assimilate, AbstractReconstruction)
DERIVATIVES = {"FourDVar", "ExtendedKF", "WeakFourDVar", "WindowFourDVar"}
MATRIX = np.asarray(twin.rotation().matrix)
NUMPY = HostFunction(lambda x, t: MATRIX @ x, dt=0.1, initial=np.zeros(twin.SIZE))
PLAIN = StepFunction(lambda x, t: jnp.asarray(MATRIX) @ x, dt=0.1, initial=jnp.zeros(twin.SIZE))


def test_snippets_of_the_docs_run_and_say_what_is_expected():
    """Every block of the section, in order, in one namespace."""
    section = PAGE.read_text().split("## Your own model")[1].split("\n## ")[0]
    blocks = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    said: list = []
    space = {"print": lambda *values: said.append([np.asarray(v) for v in values])}
    with jax.enable_x64(False), jax.numpy_rank_promotion("allow"):
        for block in blocks:
            exec(block, space)
    (own,), shapes, (tendency,), (numpy,), (force, doubt) = said
    assert own < 0.4 and tendency < 0.4 and abs(numpy - own) < 0.01
    assert [list(s) for s in shapes] == [[200, 12], [200, 12]]
    assert abs(force - 8.0) < 0.3 and doubt < 0.3


def found(name: str, operator, dynamics):
    """Two times or more through a cycle, or a window of two reconstructed."""
    rest = {"dynamics": dynamics, "operator": operator, "prior": twin.prior(), "key": jax.random.key(5)}
    if name in RECONSTRUCTIONS:
        record = twin.record(operator, 2)
        active, index = jnp.ones(2, bool), jnp.asarray(1)
        window = Window(record.values, record.mask, record.times, record.start, active, index, steps=1)
        return RECONSTRUCTIONS[name].example().reconstruct(window, **rest).states.mean
    method = ANALYSES[name].example()
    return cycle(method, observations=twin.record(operator, max(2, method.length)), **rest).analysis.mean


@pytest.mark.parametrize("name", [*ANALYSES, *RECONSTRUCTIONS])
def test_numpy_code_is_taken_or_refused(name):
    """Traced and not compiled: whether a method asks for a derivative is known then."""
    if name in DERIVATIVES:
        with pytest.raises(InputError, match="has no derivative"):
            jax.eval_shape(lambda: found(name, twin.network(whole=False), NUMPY))
    else:
        jax.eval_shape(lambda: found(name, twin.network(whole=False), NUMPY))


@pytest.mark.parametrize("name", ["ETKF", "ThreeDVar", "IEnKS"])
def test_numpy_code_does_as_jax(name):
    operator = twin.network(whole=False)
    np.testing.assert_allclose(found(name, operator, NUMPY), found(name, operator, PLAIN), atol=1e-9)


@pytest.mark.parametrize("batched", [True, False])
def test_members_and_draws_side_by_side(batched):
    """Two leading axes, all at once or one after another, with arithmetic that fails for one member only."""

    def step(x, t):
        if not batched and x[0] > 10:
            raise ZeroDivisionError
        return np.where(x[..., :1] > 10, np.nan, x + np.asarray(t)[..., None])

    model = HostFunction(step, dt=0.5, initial=np.zeros(2), batched=batched)
    states = jnp.zeros((2, 3, 2)).at[1, 2, 0].set(11.0)
    run = jax.jit(jax.vmap(jax.vmap(lambda x: rollout(model, x, steps=3, start=1.0))))(states)
    np.testing.assert_array_equal(run.status == int(Status.successful), states[..., 0] < 10)
    np.testing.assert_allclose(run.last[0], 1.0 + 1.5 + 2.0)


def test_a_member_that_fails_in_numpy_is_replaced():
    def step(x, t):
        if x[0] > 2.5:
            raise FloatingPointError("beyond the table of the scheme")
        return x

    model = HostFunction(step, dt=0.1, initial=np.zeros(twin.SIZE))
    operator = twin.network()
    prior = Gaussian(jnp.zeros(twin.SIZE), Diagonal.of(twin.SIZE, 1.5**2))
    track = cycle(
        ETKF(16, Multiplicative(1.0)),
        model,
        operator=operator,
        observations=twin.record(operator, 1),
        prior=prior,
        key=jax.random.key(0),
    )
    assert int(track.status[0]) == int(Status.member_replaced)
    assert np.isfinite(np.asarray(track.analysis.mean)).all()


def test_large_states_cross_over():
    """A state beyond the size that JAX copies in the background, three steps, several members."""
    model = HostFunction(lambda x, t: 0.5 * x, dt=1.0, initial=np.zeros(200_000))
    run = jax.jit(jax.vmap(lambda x: rollout(model, x, steps=3)))(jnp.ones((3, 200_000)))
    np.testing.assert_allclose(run.last, 0.125)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: StepFunction(lambda x, t: x[:2], dt=1.0, initial=jnp.zeros(3)), r"float64\[3\].*float64\[2\]"),
        (lambda: StepFunction(lambda x, t: (x, t), dt=1.0, initial=jnp.zeros(3)), "Return the new state alone"),
        (lambda: StepFunction(lambda x, t: 0.5 * x, dt=1.0, initial=jnp.arange(3)), "int64"),
        (lambda: TendencyFunction(lambda x, t: jnp.sum(x), initial=jnp.zeros(3)), "one rate for each number"),
        (lambda: HostFunction(lambda x, t: x[:2], dt=1.0, initial=np.zeros(3)), r"float64\[3\].*float64\[2\]"),
        (lambda: HostFunction(lambda x, t: (x, t), dt=1.0, initial=np.zeros(3)), "Return the new state alone"),
        (lambda: HostFunction(lambda x, t: jnp.sin(x), dt=1.0, initial=np.zeros(3)), "give it to StepFunction"),
    ],
)
def test_what_is_no_model_is_refused_in_one_sentence(make, words):
    with pytest.raises(InputError, match=words):
        make()
