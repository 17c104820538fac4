"""Progress on the terminal: one bar for the whole, one for the stage at work."""

import sys
import time
from types import TracebackType
from typing import TextIO

from tqdm import tqdm

_FORMAT = "{desc}: {percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}]{postfix}"
_QUIET = 20.0  # seconds between two lines where there is no terminal


class Progress:
    """What `Monitor.report` calls. On a terminal two bars with the time left; elsewhere a line now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._bars: dict[int, tuple[str, tqdm]] = {}
        self._terminal = self._stream.isatty()
        self._said, self._began = 0.0, time.monotonic()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, bar in self._bars.values():
            bar.close()

    def __call__(self, stage: str, done: int, total: int, note: str) -> None:
        """Shows that `done` of `total` is done."""
        if not self._terminal:
            return self._line(stage, done, total, note)
        level = 1 if "/" in stage else 0
        known = self._bars.get(level)
        if known is None or known[0] != stage:
            if known is not None:
                known[1].close()
            bar = tqdm(
                total=total or None, initial=done, desc=stage[-40:], position=level, leave=False, bar_format=_FORMAT,
                file=self._stream, dynamic_ncols=True,
            )  # fmt: skip
            self._bars[level] = (stage, bar)
        bar = self._bars[level][1]
        bar.total = total or None
        bar.n = done
        bar.set_postfix_str(note[:60], refresh=False)
        bar.refresh()
        return None

    def _line(self, stage: str, done: int, total: int, note: str) -> None:
        now = time.monotonic()
        if now - self._said > _QUIET and now - self._began > _QUIET / 2:
            self._said = now
            print(f"{stage}: {done}{f'/{total}' if total else ''} {note}".rstrip(), file=self._stream, flush=True)
