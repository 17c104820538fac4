"""Partial differential equations in time: halving the step divides the error by what the scheme declares."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from synoptax.dynamics import (
    ETDRK4,
    RK4,
    BarotropicVorticity,
    Burgers,
    KolmogorovFlow,
    RotatingShallowWater,
    Stepped,
    SteppedSemilinear,
    TwoLayerQuasiGeostrophic,
)

SYSTEMS = [
    Burgers.example(),
    KolmogorovFlow.example(),
    RotatingShallowWater(size=16, wind=0.5, waves=2, damping=1.0),
    BarotropicVorticity(size=16, damping=1.0, beta=2.0),
    TwoLayerQuasiGeostrophic(size=16, deformation=4.0, shear=1.0, damping=1.0),
]


@pytest.mark.parametrize("scheme", [SteppedSemilinear, Stepped])
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: type(s).__name__)
def test_error_falls_with_the_declared_order(system, scheme):
    """Both routes; the finest exponential run stands for the truth of both."""
    state = system.inverse(system.transform(system.start(key=jax.random.key(0))))

    def run(kind, rule, steps):
        def step(index, x):
            return kind(system, rule, 1.0 / steps).step(x, index / steps)

        return jax.lax.fori_loop(0, steps, step, state)

    exponential = jax.jit(lambda n: run(SteppedSemilinear, ETDRK4(), n))
    tried = exponential if scheme is SteppedSemilinear else jax.jit(lambda n: run(Stepped, RK4(), n))
    truth = exponential(640)
    assert float(jnp.max(jnp.abs(truth - state))) > 0.1
    coarse, fine = (float(jnp.linalg.norm(tried(n) - truth)) for n in (40, 80))
    assert abs(np.log2(coarse / fine) - 4) < 0.35, f"error falls as dt^{np.log2(coarse / fine):.2f}"
