"""The planet in time: its scheme is of second order, and the diffusion after each step of first."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.dynamics import HeldSuarez, rollout

pytest.importorskip("dinosaur", reason="needs the extra 'gcm'")


def planet(steps: int, diffusion: float) -> HeldSuarez:
    """One that takes so many steps in two hours."""
    return HeldSuarez(truncation=10, layers=5, dt=7200.0 / steps, diffusion=diffusion)


@pytest.mark.slow
@pytest.mark.parametrize(("diffusion", "order"), [(1e15, 2), (8640.0, 1)], ids=["scheme", "diffusion"])
def test_error_falls_with_the_order_of_the_scheme(diffusion, order):
    """SIL3: implicit terms of second order. Differences of runs with steps of 30, 15, 7.5 minutes, from day 5 on."""
    usual = HeldSuarez.example()
    state = usual.start(key=jax.random.key(0))
    for _ in range(5):
        state = rollout(usual, state, steps=24).last

    def run(steps: int):
        model = planet(steps, diffusion)
        return rollout(model, state, steps=steps, every=steps, view=lambda x: x).last

    coarse, middle, fine = (run(n) for n in (4, 8, 16))
    for name in ("vorticity", "divergence", "temperature", "pressure"):
        first, second = (float(jnp.linalg.norm(a[name] - b[name])) for a, b in ((coarse, middle), (middle, fine)))
        assert abs(np.log2(first / second) - order) < 0.35, f"{name}: dt^{np.log2(first / second):.2f}"
