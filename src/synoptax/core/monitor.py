"""Where long work reports to and where it keeps its checkpoints."""

import dataclasses
from collections.abc import Callable
from pathlib import Path


@dataclasses.dataclass(frozen=True)
class Monitor:
    """Passed down through `fit`, `run` and `apply`: who hears of progress, and where to resume from.

    **Arguments:**
    - `report`: called as `report(stage, done, total, note)`; the library itself never prints.
    - `folder`: where checkpoints live, or None for no checkpoints.
    - `seconds`: least time between two checkpoints.
    - `stage`: the name of the present stage, such as `pretrain/seed0`.
    """

    report: Callable[[str, int, int, str], None] | None = None
    folder: Path | None = None
    seconds: float = 30.0
    stage: str = ""

    def within(self, name: str) -> "Monitor":
        """The same monitor one stage further down; its checkpoints get a folder of their own."""
        stage = f"{self.stage}/{name}" if self.stage else name
        return dataclasses.replace(self, stage=stage, folder=None if self.folder is None else self.folder / name)

    def __call__(self, done: int, total: int, note: str = "") -> None:
        if self.report is not None:
            self.report(self.stage or "work", done, total, note)
