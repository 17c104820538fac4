"""The cards' table for a solver and methods of your own."""

from typing import ClassVar

import equinox as eqx

from ..core import InputError
from ..downscale import Climatology, Nearest
from ..learn import AbstractMethod
from ..problems import AbstractEmulationProblem
from .emulation_card import NOTES, AbstractEmulationCard


class EmulationTable(AbstractEmulationCard):
    """How far ahead does each method follow a solver, and what climate does it end up in?

    `EmulationTable(SolverEmulation(solver, ...), {"FNO": FNOForecast()}).run(seeds=5, quick=False, out=Path("OUT"))`
    writes OUT/report.html and OUT/results.json; killed, it continues when called again.

    **Arguments:**
    - `given`: the solver and its runs.
    - `recipes`: row label to method; persistence and climatology come first by themselves.
    - `steps`: of the long runs.
    """

    given: AbstractEmulationProblem
    recipes: dict[str, AbstractMethod]
    steps: int = eqx.field(static=True, default=10_000)

    title: ClassVar[str] = "Emulators against the solver they learned from"
    notes: ClassVar[tuple[str, ...]] = NOTES
    seeds: ClassVar[int] = 5
    marks: ClassVar[tuple[float, ...]] = (0.1, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
    band: ClassVar[tuple[float, float]] = (0.3, 0.6)
    runs: ClassVar[int] = 4
    rivals: ClassVar[tuple[str, ...]] = ("persistence",)

    def __check_init__(self) -> None:
        if not self.recipes or self.steps < 1:
            raise InputError(
                "A table needs a method, {'FNO': FNOForecast()} for one, and a long run of a step or more."
            )

    def problem(self, *, quick: bool) -> AbstractEmulationProblem:
        """What was given, quick or not."""
        del quick
        return self.given

    def methods(self, *, quick: bool) -> dict[str, AbstractMethod]:
        """Persistence, climatology, and what was given."""
        del quick
        return {"persistence": Nearest(), "climatology": Climatology(), **self.recipes}

    def long(self, *, quick: bool) -> int:
        """Steps of the long runs."""
        return min(self.steps, 500) if quick else self.steps
