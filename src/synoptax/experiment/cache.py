"""Work done once: results by the fingerprint of everything they depend on."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from .._version import __version__
from ..core import fingerprint, load, save

T = TypeVar("T")


@dataclasses.dataclass(frozen=True)
class Cache:
    """A folder of finished results, each named by a fingerprint; a result is there whole or not at all.

    **Arguments:**
    - `folder`: where results live; unfinished work keeps its checkpoints in `folder/unfinished`.
    """

    folder: Path

    def obtain(self, identity: Any, compute: Callable[[Path], T]) -> T:
        """The stored result for `identity`, or `compute(folder)` stored; the folder is for its checkpoints.

        **Arguments:**
        - `identity`: everything that the result depends on: records, modules, numbers, strings. The version of the
          library is added.
        """
        name = self.name(identity)
        if not self.has(name):
            self.put(name, compute(self.working(name)))
        return self.get(name)

    def name(self, identity: Any) -> str:
        """The fingerprint of `identity` and of the library's version."""
        return fingerprint([identity, __version__])

    def has(self, name: str) -> bool:
        """Whether the result is stored."""
        return (self.folder / name / "model.json").is_file()

    def get(self, name: str) -> Any:
        """The stored result."""
        return load(self.folder / name)[0]

    def put(self, name: str, value: Any) -> None:
        """Stores the result and drops its checkpoints."""
        save(value, self.folder / name)
        shutil.rmtree(self.working(name), ignore_errors=True)

    def working(self, name: str) -> Path:
        """Where unfinished work under this name keeps its checkpoints."""
        return self.folder / "unfinished" / name
