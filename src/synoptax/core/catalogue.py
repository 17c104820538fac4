"""The catalogue is read off the exports: adding a class to a package's `__init__` is registering it."""

import difflib
import inspect
import re
from types import ModuleType
from typing import TypeVar

from .errors import InputError

T = TypeVar("T")


def entries(package: ModuleType, base: type[T]) -> dict[str, type[T]]:
    """Final classes that `package` exports and that derive from `base`, by name, sorted."""
    found = {
        name: value
        for name, value in vars(package).items()
        if not name.startswith("_") and inspect.isclass(value) and issubclass(value, base) and is_final(value)
    }
    return dict(sorted(found.items()))


def is_final(cls: type) -> bool:
    """A class is final here when it is not named `AbstractX` and leaves no method abstract."""
    return not cls.__name__.startswith("Abstract") and not inspect.isabstract(cls)


def lookup(name: str, package: ModuleType, base: type[T]) -> type[T]:
    """The exported class called `name`; case, hyphens and underscores do not matter.

    **Raises:** `InputError` that lists the nearest names.
    """
    known = entries(package, base)
    folded = {_fold(k): v for k, v in known.items()}
    if _fold(name) in folded:
        return folded[_fold(name)]
    near = difflib.get_close_matches(_fold(name), folded, n=3, cutoff=0.5)
    hint = ", ".join(folded[n].__name__ for n in near) or ", ".join(known)
    raise InputError(f"There is no {base.__name__.removeprefix('Abstract').lower()} called '{name}'; try {hint}.")


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
