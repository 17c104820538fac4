"""Which channels each level of a `PanguForecast` reads and draws."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.core import InputError
from synoptax.emulate import PanguForecast
from synoptax.emulate.pangu_forecast import _Grouped, _grouped
from synoptax.emulate.reader import Reader
from synoptax.fields import Grid, Identity
from synoptax.records import Layout, Predictors, Samples, Source, Task

NAMES = ("low", "middle", "high")


def two_times(variables: int) -> Task:
    """Noise in some variables on four by six cells, a past of two fields, one static field."""
    random = np.random.default_rng(0)
    grid = Grid.box((4, 6), (4.0, 6.0))
    fields = random.normal(size=(14, variables, 4, 6))
    names = NAMES[:variables]
    layout = Layout(
        (Source(grid, names, (-1, 0)),),
        grid,
        names,
        ("1",) * variables,
        (Identity(),) * variables,
        tuple((0, variables + i) for i in range(variables)),
    )
    rows = np.arange(1, 13)
    stacked = jnp.asarray(np.concatenate([fields[rows - 1], fields[rows]], axis=1))
    static = jnp.asarray(random.normal(size=(1, 4, 6)))
    given = Predictors((stacked,), jnp.zeros((len(rows), 2)), static, jnp.zeros(len(rows), int))
    samples = Samples(given, jnp.asarray(fields[rows + 1]))
    return Task(samples, samples, given, layout)


def test_a_level_reads_its_variables_at_all_times_and_the_last_one_the_rest():
    reader = dataclasses.replace(Reader.of(two_times(3), who="a test"), cycle=(1, 0))
    order, sizes = _grouped(reader, (2, 1))
    assert sizes == (4, 5)
    past = jnp.arange(2.0)[:, None, None, None] * 10 + jnp.broadcast_to(jnp.arange(3.0), (2, 4, 6, 3))
    given = reader.stack(past, jnp.asarray([np.pi / 2, 0.0]))
    seen = _Grouped(lambda field, key: field, order)(given)
    np.testing.assert_array_equal(seen[0, 0, :4], [0.0, 1.0, 10.0, 11.0])
    np.testing.assert_array_equal(seen[0, 0, 4:6], [2.0, 12.0])
    np.testing.assert_array_equal(seen[..., 6], reader.static[..., 0])
    np.testing.assert_allclose(seen[0, 0, 7:], [0.0, 1.0], atol=1e-12)


@pytest.mark.parametrize("changed", [0, 1])
def test_levels_that_no_window_joins_do_not_see_each_other(changed):
    """Windows of one level: a variable moves by its own past, of both times, and the static field by the last."""
    method = PanguForecast(levels=(1, 1), patch=(1, 1), window=(1, 2, 3), width=8, heads=2, depth=2)
    task = two_times(2)
    model = method.fresh(task, key=jax.random.key(0))
    past, phases = model.reader.past(task.train.predictors.fields[0])[0], jnp.zeros(2)
    network = jax.jit(lambda past, reader: model.network(reader.stack(past, phases)))
    before = network(past, model.reader)
    for time in range(2):
        moved = np.max(np.abs(network(past.at[time, 1, 2, changed].add(1.0), model.reader) - before), axis=(0, 1))
        assert moved[changed] > 1e-4 and moved[1 - changed] == 0, (time, moved)
    higher = dataclasses.replace(model.reader, static=model.reader.static.at[1, 2].add(1.0))
    moved = np.max(np.abs(network(past, higher) - before), axis=(0, 1))
    assert moved[0] == 0 and moved[1] > 1e-4, moved


def test_levels_that_do_not_hold_all_variables_are_refused():
    for levels in ((1, 2), (2, 0)):
        with pytest.raises(InputError, match="must add up to 2"):
            PanguForecast(levels=levels).fresh(two_times(2), key=jax.random.key(0))
