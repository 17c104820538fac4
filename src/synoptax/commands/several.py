"""Options that take several values: `--coarse A.nc B.nc` as well as `--coarse A.nc --coarse B.nc`."""

from typing import Any

from typer.core import TyperCommand

_SEVERAL = ("--coarse",)


class SeveralValues(TyperCommand):
    """A command whose list options may be followed by more than one value."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeats the option before each further value, as the parser wants it."""
        return TyperCommand.parse_args(self, ctx, spread(args))


def spread(args: list[str]) -> list[str]:
    """`--coarse a b --out c` becomes `--coarse a --coarse b --out c`."""
    made: list[str] = []
    current: str | None = None
    for arg in args:
        if arg.startswith("-"):
            current = arg.partition("=")[0] if arg.partition("=")[0] in _SEVERAL else None
            made.append(arg)
        elif current is not None and made[-1] != current:
            made += [current, arg]
        else:
            made.append(arg)
    return made
