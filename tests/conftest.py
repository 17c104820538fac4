"""Shared settings: float64, no silent rank promotion, one key, tiny shapes that share compilations."""

import gc
import os
from pathlib import Path

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture
def key() -> jax.Array:
    return jax.random.key(0)


@pytest.fixture
def data_dir() -> Path:
    """The directory of real data sets; the test is skipped where there is none."""
    folder = os.environ.get("SYNOPTAX_DATA")
    if not folder or not Path(folder).is_dir():
        pytest.skip("SYNOPTAX_DATA does not name a directory with the real data sets")
    return Path(folder)


@pytest.fixture(autouse=True, scope="module")
def few_programs():
    """Forgets compiled programs when they are many: each holds memory maps, of which Linux allows 65530 a process."""
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_bytes().splitlines()) > 20_000:
        jax.clear_caches()
        gc.collect()
