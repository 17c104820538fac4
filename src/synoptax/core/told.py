"""What an objective, an optimiser or a schedule was told, as plain data: those that train otherwise differ in it."""

import dataclasses
import functools
import re
import sys
import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_LIBRARIES = frozenset({"synoptax", "equinox", "jax", "jaxtyping", "optax", "numpy", "diffrax"})
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def told(value: Any, within: frozenset[int] = frozenset()) -> Any:
    """Numbers, strings, arrays and lists that `synoptax.core.fingerprint` takes, the same in every process.

    Records are their fields, functions their names, defaults and what they enclose (an optax optimiser is functions
    that enclose its rates), and those of nobody's library what they do; what none of this fits is its text without
    addresses.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, jax.Array | np.ndarray | np.generic):
        typed = isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)
        return np.asarray(jax.random.key_data(value) if typed else value)
    if id(value) in within:
        return "itself"
    deeper = functools.partial(told, within=within | {id(value)})
    if isinstance(value, type):
        return value.__qualname__
    if isinstance(value, tuple | list):
        return [type(value).__qualname__, *map(deeper, value)]
    if isinstance(value, dict):
        return ["dict", *([str(k), deeper(v)] for k, v in value.items())]
    if dataclasses.is_dataclass(value):
        held = [[f.name, deeper(getattr(value, f.name))] for f in dataclasses.fields(value)]
        return [type(value).__qualname__, held, None if of_a_library(type(value)) else members(type(value))]
    if isinstance(value, functools.partial):
        return ["partial", deeper(value.func), deeper(value.args), deeper(value.keywords)]
    if isinstance(value, types.MethodType):
        return ["method", deeper(value.__func__), deeper(value.__self__)]
    if isinstance(value, types.FunctionType):
        enclosed = [_content(cell) for cell in value.__closure__ or ()]
        preset: list[Any] = [value.__defaults__, value.__kwdefaults__]
        if of_a_library(value):
            return [value.__qualname__, deeper([*preset, [_whole(x) for x in enclosed]])]
        preset += [[x for x in enclosed if _steady(x)], _named(value)]
        return [value.__qualname__, deeper(preset), _code(value.__code__)]
    if hasattr(value, "__wrapped__"):  # compiled functions
        return ["wrapped", deeper(value.__wrapped__)]
    return [type(value).__qualname__, _ADDRESS.sub("", repr(value))]


def of_a_library(value: Any) -> bool:
    """Whether a function or class belongs to this library or one it stands on: its name then tells what it does."""
    return str(value.__module__).partition(".")[0] in _LIBRARIES


def members(cls: type) -> Any:
    """What the functions of a class do, its own and those of ancestors that belong to nobody's library."""
    own = [k for k in cls.__mro__ if not of_a_library(k) and k.__module__ not in sys.stdlib_module_names]
    every = {name: _function(getattr(cls, name, None)) for name in sorted({n for k in own for n in vars(k)})}
    return told({name: one for name, one in every.items() if one is not None})


def _function(member: Any) -> Any:
    """The function behind a method, a property or a compiled one; None for what is no function."""
    if isinstance(member, property):
        return member.fget
    if isinstance(member, functools.cached_property):
        return member.func
    whole = isinstance(member, types.FunctionType | types.MethodType) or hasattr(member, "__wrapped__")
    return member if whole else None


def _named(function: types.FunctionType) -> dict[str, Any]:
    """Numbers, arrays and functions that the function finds by name in its module."""
    there = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    return {name: value for name, value in there.items() if _steady(value)}


def _steady(value: Any) -> bool:
    """Whether it is told: not lists, dictionaries and objects, which may hold what a program counts or keeps."""
    kinds = (bool, int, float, str, tuple, jax.Array, np.ndarray, np.generic, types.FunctionType, functools.partial)
    return isinstance(value, kinds) or dataclasses.is_dataclass(value) or hasattr(value, "__wrapped__")


def _code(code: types.CodeType) -> Any:
    return [code.co_code.hex(), [_constant(c) for c in code.co_consts], *code.co_names]


def _constant(value: Any) -> Any:
    if isinstance(value, types.CodeType):
        return _code(value)
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)  # sets have no order of their own


def _whole(value: Any) -> Any:
    """Whole numbers as floats: optax turns those that a schedule encloses into floats when it is first called."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that is not bound yet
        return "nothing"
