"""Learn the dynamics of chaotic and Earth-system data, and put them to use.

Rooms are loaded when they are first named: `import synoptax as sx`, then `sx.downscale.Ridge()`.
"""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from . import assimilate as assimilate
    from . import core as core
    from . import downscale as downscale
    from . import dynamics as dynamics
    from . import emulate as emulate
    from . import experiment as experiment
    from . import fields as fields
    from . import learn as learn
    from . import observe as observe
    from . import problems as problems
    from . import records as records
    from . import show as show
    from . import verify as verify

_ROOMS = frozenset(
    {
        "assimilate",
        "core",
        "downscale",
        "dynamics",
        "emulate",
        "experiment",
        "fields",
        "learn",
        "observe",
        "problems",
        "records",
        "show",
        "verify",
    }
)


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"synoptax has no room called '{name}'; there are {', '.join(sorted(_ROOMS))}.")


def __dir__() -> list[str]:
    return sorted({*globals(), *_ROOMS})
