"""What an objective, an optimiser or a schedule was told, as plain data: those that train otherwise differ in it."""

import dataclasses
import functools
import re
import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def told(value: Any, within: frozenset[int] = frozenset()) -> Any:
    """Numbers, strings, arrays and lists that `synoptax.core.fingerprint` takes, the same in every process.

    Records are their fields, functions their names, defaults and what they enclose (an optax optimiser is functions
    that enclose its rates); what none of this fits is its text without addresses.
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
        return [
            type(value).__qualname__,
            *([f.name, deeper(getattr(value, f.name))] for f in dataclasses.fields(value)),
        ]
    if isinstance(value, functools.partial):
        return ["partial", deeper(value.func), deeper(value.args), deeper(value.keywords)]
    if isinstance(value, types.MethodType):
        return ["method", deeper(value.__func__), deeper(value.__self__)]
    if isinstance(value, types.FunctionType):
        kept = [deeper(c) for c in (value.__defaults__, value.__kwdefaults__)]
        return [value.__qualname__, *kept, *(deeper(_content(cell)) for cell in value.__closure__ or ())]
    if hasattr(value, "__wrapped__"):  # compiled functions
        return ["wrapped", deeper(value.__wrapped__)]
    return [type(value).__qualname__, _ADDRESS.sub("", repr(value))]


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # a name that is not bound yet
        return "nothing"
