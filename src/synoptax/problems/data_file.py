"""Where the files of real data lie."""

import os
from pathlib import Path

from ..core import InputError


def data_file(folder: str, file: str) -> Path:
    """A file of the data folder.

    **Raises:** `InputError` when `SYNOPTAX_DATA` does not lead to it.
    """
    root = os.environ.get("SYNOPTAX_DATA")
    if not root:
        raise InputError(f"Set the environment variable SYNOPTAX_DATA to the folder that holds {folder}.")
    path = Path(root) / folder / file
    if not path.exists():
        raise InputError(f"There is no file {path}; let SYNOPTAX_DATA name the folder that holds {folder}.")
    return path
