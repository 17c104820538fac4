"""The training step of a network, bare and inside synoptax.learn.fit. Runs in `.venv`."""

import argparse
import time
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax

from synoptax import learn
from synoptax.core.flags import compile_options, keep_memory

from .peer import clocked, serve


def weights_of(model: Any) -> list[np.ndarray]:
    """All weights in the order of the fields."""
    return [np.asarray(x) for x in jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array))]


class _Bare:
    """Loss, gradient and update, compiled as one function."""

    def __init__(self, model: Any, inputs, targets, optimiser: optax.GradientTransformation, options: dict):
        @eqx.filter_jit(donate="all-except-first", compiler_options=options)
        def step(batch, model, state):
            x, y = batch
            loss, gradient = eqx.filter_value_and_grad(lambda m: jnp.mean((jax.vmap(m)(x) - y) ** 2))(model)
            updates, state = optimiser.update(gradient, state, eqx.filter(model, eqx.is_inexact_array))
            return eqx.apply_updates(model, updates), state, loss

        self.compiled, self.batch = step, (inputs, targets)
        self.model, self.state = model, optimiser.init(eqx.filter(model, eqx.is_inexact_array))
        self.losses: list[float] = []

    def step(self) -> None:
        self.model, self.state, loss = self.compiled(self.batch, self.model, self.state)
        jax.block_until_ready((self.model, self.state))
        self.losses.append(float(loss))


def serve_steps(build: Callable[[Any, int, int], Any]) -> None:
    """Trains what `build` makes of a start file and the numbers of channels."""
    parser = argparse.ArgumentParser()
    parser.add_argument("start", help="file with weights, inputs and targets, see training_step.py")
    parser.add_argument("--untuned", action="store_true", help="XLA and the allocator as they come; not for fit")
    given = parser.parse_args()
    options = {} if given.untuned else compile_options()
    if not given.untuned:
        keep_memory()  # as the command line does
    start = np.load(given.start)
    inputs, targets = jnp.asarray(start["inputs"]), jnp.asarray(start["targets"])
    model = build(start, inputs.shape[-1], targets.shape[-1])
    optimiser = optax.adamw(float(start["rate"]), b1=0.9, b2=0.999, eps=1e-8, weight_decay=1e-2)
    parameters = sum(w.size for w in weights_of(model))
    whole = learn.InMemory((inputs, targets), inputs.shape[0])
    bare = _Bare(
        jax.tree.map(lambda x: jnp.array(x) if eqx.is_array(x) else x, model), inputs, targets, optimiser, options
    )

    def warm(steps: int) -> dict:
        begin = time.perf_counter()
        bare.step()
        first = time.perf_counter() - begin
        for _ in range(steps - 1):
            bare.step()
        return {"compile": first, "losses": bare.losses[:steps]}

    def fit(repeats: int) -> dict[str, list[float]]:
        """One call of `fit` with `repeats` steps; its own clock leaves compilation out."""
        busy = time.process_time()
        done = learn.fit(
            model, learn.MeanSquaredError(), whole, optimiser, repeats, key=jax.random.key(1), every=repeats
        )
        return {
            "wall": [float(done.log["run_seconds"]) / repeats],
            "cpu": [(time.process_time() - busy) / repeats],
        }

    serve(
        {
            "describe": lambda: {"parameters": parameters, "version": f"jax {jax.__version__}"},
            "warm": warm,
            "step": lambda repeats: clocked(bare.step, repeats),
            "fit": fit,
        }
    )
