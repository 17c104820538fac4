"""Lyapunov spectra of systems whose exponents are published: the table in docs/verification.md.

python benchmarks/lyapunov_spectra.py
"""

import time

import jax
import numpy as np

from synoptax.dynamics import ETDRK4, RK4, KuramotoSivashinsky, Lorenz63, Lorenz96, Stepped, SteppedSemilinear, rollout
from synoptax.verify import climate

jax.config.update("jax_enable_x64", True)
FLAMES = SteppedSemilinear(KuramotoSivashinsky(size=32, length=22.0), ETDRK4(), 0.25)
CASES = (  # model, steps, exponents
    ("Lorenz-63, RK4, dt 0.01", Stepped(Lorenz63(), RK4(), 0.01), 105_000, 3),
    ("Lorenz-96, 40, RK4, dt 0.05", Stepped(Lorenz96(), RK4(), 0.05), 10_500, 40),
    ("Kuramoto-Sivashinsky, L = 22, 32 points, ETDRK4, dt 0.25", FLAMES, 42_000, 8),
)


def main() -> None:
    for name, model, steps, count in CASES:
        start = rollout(model, model.start(key=jax.random.key(1)), steps=4000, every=4000).last
        before = time.process_time()
        found = climate.lyapunov_spectrum(model, start, steps=steps, key=jax.random.key(2), count=count)
        exponents, error = np.asarray(found.exponents), np.asarray(found.error)
        shown = ", ".join(f"{a:.3f} +- {b:.3f}" for a, b in zip(exponents[:5], error[:5], strict=False))
        print(f"{name}: {shown}{' ...' if count > 5 else ''}")
        print(
            f"    {np.sum(exponents > 3 * error)} above three errors, sum {exponents.sum():.3f}, dimension "
            f"{found.dimension:.2f}, {steps * model.dt:g} time units, {time.process_time() - before:.0f} s of processor"
        )


if __name__ == "__main__":
    main()
