"""The training step of synoptax.learn.networks.FourierOperator, bare and inside synoptax.learn.fit. Runs in `.venv`."""

import jax

from synoptax.learn.networks import FourierOperator

from .synoptax_step import serve_steps


def network(inputs: int, outputs: int, *, width: int, modes: tuple[int, int], depth: int) -> FourierOperator:
    """The network that both sides train."""
    return FourierOperator(inputs, outputs, width=width, modes=modes, depth=depth, key=jax.random.key(0))


def _started(start, inputs: int, outputs: int) -> FourierOperator:
    my, mx = (int(m) for m in start["modes"])
    return network(inputs, outputs, width=int(start["width"]), modes=(my, mx), depth=int(start["depth"]))


if __name__ == "__main__":
    serve_steps(_started)
