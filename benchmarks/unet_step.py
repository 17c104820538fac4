"""One training step (forward, backward, AdamW) of the same U-Net here and in PyTorch, on the same processor.

python -m benchmarks.unet_step [--rounds 20] [--quick] [--threads 1]

Both sides start from the same weights and must walk through the same losses. PyTorch runs eagerly with contiguous and
with channels-last memory, the latter also with the allocator set as here, the same kept from AVX-512, and compiled; it
is compared at its fastest eager form and with each of the others. "synoptax untuned" is the
step without our compile options and with the allocator as it comes.
"""

import dataclasses

from . import training_step
from .training_step import Form, Sides

SIDES = Sides(
    "benchmarks.synoptax_unet",
    "benchmarks.torch_unet",
    {
        "torch contiguous": Form(),
        "torch channels-last": Form(("--channels-last",)),
        "torch, memory kept": Form(("--channels-last",), kept=True),
        "torch, kept, AVX2": Form(("--channels-last",), kept=True, instructions="AVX2"),
        "torch compiled": Form(("--channels-last", "--compile"), compiled=True),
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
    levels: int = 3
    batch: int = 16
    rate: float = 1e-3


def _weights(setting: Setting) -> list:
    from .synoptax_step import weights_of
    from .synoptax_unet import network

    return weights_of(network(setting.inputs, setting.outputs, width=setting.width, levels=setting.levels))


if __name__ == "__main__":
    training_step.main("U-Net", __doc__, Setting, _weights, SIDES)
