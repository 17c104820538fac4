"""One training step (forward, backward, AdamW) of the same Fourier neural operator here and in PyTorch.

python -m benchmarks.fno_step [--rounds 20] [--quick] [--threads 1]

Both sides start from the same weights and must walk through the same losses. PyTorch runs eagerly as the operator is
usually written, with real FFTs, also with the allocator set as here, by the same matrix products as here, and these
compiled; it is compared at its fastest eager form and with each of the others. "synoptax untuned" is the step without
our compile options and with the allocator as it comes.
"""

import dataclasses

from . import training_step
from .training_step import Form, Sides

SIDES = Sides(
    "benchmarks.synoptax_fno",
    "benchmarks.torch_fno",
    {
        "torch": Form(),
        "torch, memory kept": Form(kept=True),
        "torch, kept, matrices": Form(("--matrices",), kept=True),
        "torch compiled": Form(("--matrices", "--compile"), kept=True, compiled=True),
    },
)


@dataclasses.dataclass(frozen=True)
class Setting:
    """What is trained."""

    threads: int
    shape: tuple[int, int] = (32, 64)
    inputs: int = 6
    outputs: int = 5
    width: int = 32
    modes: tuple[int, int] = (12, 12)
    depth: int = 4
    batch: int = 16
    rate: float = 1e-3


def _weights(setting: Setting) -> list:
    from .synoptax_fno import network
    from .synoptax_step import weights_of

    size = {"width": setting.width, "modes": setting.modes, "depth": setting.depth}
    return weights_of(network(setting.inputs, setting.outputs, **size))


if __name__ == "__main__":
    training_step.main("Fourier operator", __doc__, Setting, _weights, SIDES)
