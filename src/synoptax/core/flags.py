"""XLA flags: set before JAX starts, and only where they are known to be taken: an unknown one aborts the process."""

import os


def add_xla_flag(flag: str) -> None:
    """Appends `flag` to XLA_FLAGS unless the user has set that flag already."""
    present = os.environ.get("XLA_FLAGS", "").split()
    if flag.partition("=")[0] not in {p.partition("=")[0] for p in present}:
        os.environ["XLA_FLAGS"] = " ".join([*present, flag])
