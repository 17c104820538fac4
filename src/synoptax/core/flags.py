"""XLA flags: set before JAX starts, and only where they are known to be taken: an unknown one aborts the process.

No flag is set for speed. With jaxlib 0.10.2 on x86 processors the library fusion of matrix products
(`--xla_cpu_experimental_ynn_fusion_type=LIBRARY_FUSION_TYPE_DOT`) made the training step of a small convolutional
network 12 % slower (63 instead of 56 ms of processor time), a dense one neither faster nor slower.
"""

import os


def add_xla_flag(flag: str) -> None:
    """Appends `flag` to XLA_FLAGS unless the user has set that flag already."""
    present = os.environ.get("XLA_FLAGS", "").split()
    if flag.partition("=")[0] not in {p.partition("=")[0] for p in present}:
        os.environ["XLA_FLAGS"] = " ".join([*present, flag])
