"""Shared settings: float64, no silent rank promotion, one key, tiny shapes that share compilations."""

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
