"""Any model to be emulated: one of this library's or your own."""

from typing import ClassVar

import equinox as eqx
import jax

from ..core import InputError
from ..dynamics import AbstractDynamics
from ..fields import Grid
from .emulation import AbstractEmulationProblem, Flat, Maps


class SolverEmulation(AbstractEmulationProblem):
    """Runs of a solver to learn from, and others to be followed.

    When to use: a model of your own (`StepFunction`, `TendencyFunction`, `HostFunction`, a class) whose steps a method
    is to learn. When not: runs that already lie in a file: `sx.fields.prepare_forecast`. Cost: simulating the runs,
    once; they are kept in the cache folder under what solver and numbers are, your functions included.

    **Arguments:**
    - `solver`: a model that shows one array of shape (x,), (y, x) or (channel, y, x), in one dtype.
    - `every`: steps of the solver in one of the emulator.
    - `spin_up`: steps of the solver before its fields are used, from `solver.start`.
    - `lyapunov_time`: in the solver's unit of time; lead times of tables are shares of it. One time unit if not known.
    - `variables`: (name, unit) of each channel.
    - `place`: the grid; by default cells of side one on a line or plane that closes on itself.
    - `train`, `valid`, `test`: numbers of runs; `times`: fields of each; `leads`: steps that a test run is followed.
    - `history`: past fields given.

    **Good values:** `every` such that fields half a correlation time apart are learned from; some thousand fields.

    **Fails when:** runs blow up, or the solver shows something else than one array: refused.

    Reference: none needed.
    """

    solver: AbstractDynamics
    every: int = eqx.field(static=True, default=1)
    spin_up: int = eqx.field(static=True, default=1000)
    lyapunov_time: float = eqx.field(static=True, default=1.0)
    variables: tuple[tuple[str, str], ...] = eqx.field(static=True, default=(("x", "1"),))
    place: Grid | None = eqx.field(static=True, default=None)
    train: int = eqx.field(static=True, default=32)
    valid: int = eqx.field(static=True, default=8)
    test: int = eqx.field(static=True, default=16)
    times: int = eqx.field(static=True, default=100)
    leads: int = eqx.field(static=True, default=50)
    history: int = eqx.field(static=True, default=1)

    cite: ClassVar[str] = ""

    def __check_init__(self) -> None:
        numbers = {n: getattr(self, n) for n in ("every", "train", "valid", "test", "leads", "history")}
        small = [f"{n} {v}" for n, v in numbers.items() if v < 1]
        if small or self.spin_up < 1 or not self.lyapunov_time > 0 or self.times <= self.history:
            raise InputError(
                f"Runs need positive numbers, more times than the history has, and a positive Lyapunov time; given "
                f"{', '.join(small) or f'times {self.times}, spin_up {self.spin_up}, {self.lyapunov_time}'}."
            )
        channels, *cells = self._maps
        if channels != len(self.variables):
            raise InputError(
                f"The solver shows {channels} channel(s), but {len(self.variables)} variable(s) are named; give "
                f"(name, unit) of each, variables={tuple((f'x{i}', '1') for i in range(channels))!r} for one."
            )
        if self.place is not None and self.place.shape != tuple(cells):
            raise InputError(f"The solver's field has {cells} cells, the grid {list(self.place.shape)}; give its grid.")

    @property
    def _field(self) -> tuple[int, ...]:
        """Shape of what the solver shows."""
        shown = jax.eval_shape(lambda key: self.solver.project(self.solver.start(key=key)), jax.random.key(0))
        leaves = jax.tree.leaves(shown)
        if len(leaves) != 1 or not 1 <= leaves[0].ndim <= 3:
            raise InputError(
                f"{type(self.solver).__name__} shows {len(leaves)} array(s) of shapes {[x.shape for x in leaves]}; an "
                "emulator needs one of shape (x,), (y, x) or (channel, y, x): stack them, or show a part by `Shown`."
            )
        return leaves[0].shape

    @property
    def _maps(self) -> tuple[int, int, int]:
        """Channel, y, x."""
        channel, y, x = (1, 1, *self._field)[-3:]
        return channel, y, x

    @property
    def dynamics(self) -> AbstractDynamics:
        """The solver."""
        return self.solver

    @property
    def grid(self) -> Grid:
        """What was given, or cells of side one."""
        _, y, x = self._maps
        return Grid.box((y, x), (float(y), float(x))) if self.place is None else self.place

    @property
    def view(self) -> Maps:
        """To channel, y and x."""
        return Maps(self._maps)

    @property
    def unview(self) -> Flat:
        """To the shape of the solver's field."""
        return Flat(self._field)
