"""A transformer with windows in three dimensions as an emulator, as in Pangu-Weather."""

import itertools
from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError
from ..fields import Grid
from ..learn.networks import WindowTransformer
from ..learn.objectives import AbstractDistance, SquaredDistance
from ..learn.training import Training
from .reader import Reader
from .schooling import EXAMPLE, NETWORK_CLAIMS, AbstractNetworkForecast


class PanguForecast(AbstractNetworkForecast):
    """Attention within shifting windows of levels, rows and columns says how the newest field changes in one step.

    x(t + τ) = x(t) + s · W(past), W a `WindowTransformer`. Use it for states with levels on grids too fine for
    `ViTForecast`. Not for one variable on a small grid. Cost: see `WindowTransformer`.

    **Arguments:**
    - `levels`: how many of the variables each level has, in their order; None for one level with all of them. Past
      fields join their variables, season and static fields the last level.
    - `patch`, `window`: cells of a patch along y and x; tokens of a window along level, y and x.
    - `width`, `heads`, `depth`: size of tokens, attention heads, layers (even).
    - `steps`: of the forecast that training compares with the truth.
    - `distance`: of a forecast field from the true one.
    - `training`: how long and how fast.

    **Good values:** those of `WindowTransformer`.

    **Fails when:** signals travel further in a step than two layers of windows reach; data are few.

    Reference: Bi et al. (2023), doi:10.1038/s41586-023-06185-3.
    """

    claims: ClassVar[frozenset[str]] = NETWORK_CLAIMS
    cite: ClassVar[str] = "Bi et al. (2023), doi:10.1038/s41586-023-06185-3"

    levels: tuple[int, ...] | None = eqx.field(static=True, default=None)
    patch: tuple[int, int] = eqx.field(static=True, default=(2, 2))
    window: tuple[int, int, int] = eqx.field(static=True, default=(2, 4, 4))
    width: int = eqx.field(static=True, default=64)
    heads: int = eqx.field(static=True, default=4)
    depth: int = eqx.field(static=True, default=4)
    steps: int = eqx.field(static=True, default=1)
    distance: AbstractDistance = SquaredDistance()
    training: Training = Training()

    @classmethod
    def example(cls) -> "PanguForecast":
        return cls(patch=(1, 1), window=(1, 2, 3), width=16, heads=2, depth=2, training=EXAMPLE)

    def build(self, reader: Reader, place: Grid, *, key: PRNGKeyArray) -> "_Grouped":
        """Channels sorted into levels.

        **Raises:** `InputError` when the levels do not hold all variables, or patches and windows do not fit the grid.
        """
        count = reader.outputs
        levels = self.levels or (count,)
        if sum(levels) != count or min(levels) < 1:
            raise InputError(f"Levels {levels} were given for {count} variables; they must add up to {count}.")
        order, sizes = _grouped(reader, levels)
        network = WindowTransformer(
            sizes,
            place.shape,
            outputs=levels,
            periodic=(place.y.periodic, place.x.periodic),
            patch=(min(self.patch[0], place.shape[0]), self.patch[1]),
            window=self.window,
            width=self.width,
            heads=self.heads,
            depth=self.depth,
            key=key,
        )
        return _Grouped(network, order)


class _Grouped(eqx.Module):
    """A network that is given the channels in another order."""

    network: WindowTransformer
    order: tuple[int, ...] = eqx.field(static=True)

    def __call__(self, field: Float[Array, "y x in"], *, key: PRNGKeyArray | None = None) -> Float[Array, "y x out"]:
        return self.network(jnp.take(field, np.asarray(self.order), axis=-1), key=key)


def _grouped(reader: Reader, levels: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Order of the input channels by level, and how many each level has: its variables at all times, the rest last."""
    count, past = reader.outputs, range(reader.history)
    edges = itertools.pairwise(np.cumsum([0, *levels]).tolist())
    groups = [[h * count + v for h in past for v in range(a, b)] for a, b in edges]
    groups[-1] += list(range(reader.history * count, reader.inputs))
    return tuple(i for g in groups for i in g), tuple(len(g) for g in groups)
