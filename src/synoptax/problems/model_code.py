"""What the library's models are made of, as text: a corrected formula is another model."""

import ast
import dataclasses
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from .._version import __version__

_MODELS = f"{__package__.partition('.')[0]}.dynamics."


def model_code(model: Any) -> dict[str, str]:
    """The code of every module of `synoptax.dynamics` that a model stands on, by the module's name.

    These are the modules of its class and of what it holds, and those that they take anything from. Comments and
    docstrings do not count. Models and functions of one's own are not among them: `fingerprint` tells what they do.
    """
    waiting = {name for thing in _held(model) for name in _homes(thing)}
    code: dict[str, str] = {}
    while waiting:
        name = waiting.pop()
        code[name] = _text(sys.modules[name])
        taken = {home for thing in vars(sys.modules[name]).values() for home in _homes(thing)}
        waiting |= taken - code.keys()
    return code


def _held(value: Any) -> Iterator[Any]:
    yield value
    parts: list[Any] = []
    if isinstance(value, tuple | list):
        parts = list(value)
    elif isinstance(value, dict):
        parts = list(value.values())
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name) for field in dataclasses.fields(value)]
    for part in parts:
        yield from _held(part)


def _homes(thing: Any) -> set[str]:
    """Modules of the models that a class with its ancestors, a function, or an object's class is written in."""
    kinds = thing.__mro__ if isinstance(thing, type) else (thing,) if inspect.isfunction(thing) else type(thing).__mro__
    return {str(kind.__module__) for kind in kinds if str(kind.__module__).startswith(_MODELS)}


def _text(module: ModuleType) -> str:
    try:
        tree = ast.parse(inspect.getsource(module))
    except OSError:  # a library without its sources
        return __version__
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)
