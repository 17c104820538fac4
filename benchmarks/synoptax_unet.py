"""The training step of synoptax.learn.networks.UNet, bare and inside synoptax.learn.fit. Runs in `.venv`."""

import jax

from synoptax.learn.networks import EdgePadding, UNet

from .synoptax_step import serve_steps


def network(inputs: int, outputs: int, *, width: int, levels: int) -> UNet:
    """The network that both sides train."""
    return UNet(inputs, outputs, width=width, levels=levels, padding=EdgePadding(), key=jax.random.key(0))


if __name__ == "__main__":
    serve_steps(lambda start, a, b: network(a, b, width=int(start["width"]), levels=int(start["levels"])))
