"""Nothing half-written: files and folders appear whole, under a temporary name first."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError


@contextmanager
def atomic(path: str | os.PathLike) -> Iterator[Path]:
    """Yields a temporary path beside `path` (a file or a folder to fill); renames it to `path` on success.

    On any exception, Ctrl-C included, the temporary path is removed and `path` stays as it was.

    **Raises:** `InputError` when the disk is full, the place cannot be written, or a file would replace a folder.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise explain(error, target) from error
    draft = folder / target.name
    try:
        yield draft
        _replace(draft, target, folder)
    except OSError as error:
        raise explain(error, target) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def refuse_other_kind(path: str | os.PathLike, *, folder: bool) -> None:
    """A file never takes the place of a folder, nor a folder that of a file.

    **Raises:** `InputError` when that is asked for.
    """
    target = Path(path)
    if target.is_dir() and not folder:
        raise InputError(f"'{path}' is a folder, which a file does not replace; choose another --out, or remove it.")
    if target.is_file() and folder:
        raise InputError(f"'{path}' is a file, which a folder does not replace; choose another --out, or remove it.")


def _replace(draft: Path, target: Path, folder: Path) -> None:
    refuse_other_kind(target, folder=draft.is_dir())
    if target.is_dir():
        os.replace(target, folder / "previous")
    os.replace(draft, target)


def explain(error: OSError, path: str | os.PathLike) -> InputError:
    """An `InputError` that says which file-system problem `error` is and what to do about it."""
    short = error.errno is None and " requested and " in str(error)  # NumPy's words for a write that was cut short
    if error.errno == errno.ENOSPC or short:
        return InputError(f"The disk is full: '{path}' was not written; free some space or choose another --out.")
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return InputError(f"'{path}' cannot be written here (permission denied); choose another --out.")
    return InputError(f"'{path}' could not be written: {error.strerror or error}; choose another place and try again.")
