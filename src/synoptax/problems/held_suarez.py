"""Downscaling on a planet that anybody can simulate: 5.625 to 2.8125 degrees, the grids of the DynaMo study."""

import functools
from collections.abc import Iterator

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError, Monitor
from ..dynamics import HeldSuarez
from ..fields import coarsen
from ..records import Predictors, Samples
from .base import AbstractDownscalingProblem, Fold
from .held_suarez_archive import HeldSuarezArchive
from .made import made_fold, made_layout


class HeldSuarezDownscaling(AbstractDownscalingProblem):
    """Area means of a dry planet's weather to the field they are means of; five variables in, the same five out.

    The planet is simulated once, with its spin-up, and kept on disk. Coarse cells are area-weighted means over
    `factor` x `factor` fine ones. The fine orography is a static predictor. There are no seasons and no days: the
    phases are zero throughout and the climatology is the training mean. Train, validation and test are blocks of
    time with gaps between them.

    When to use: to compare methods on weather of any length without downloads. When not: for statements about the
    atmosphere: no moisture, no coast, no diurnal cycle, and a spectrum that ends at the truncation, which makes
    bicubic interpolation and linear regression stronger than on observations.

    Cost from an empty cache: `full` simulates 920 days at T42 (some 15 minutes on two cores), `quick` 220 days at T21
    (some 15 seconds).

    **Arguments:**
    - `planet`: the model; its `grid` is the fine grid.
    - `factor`: fine cells along a side of a coarse one.
    - `hours`: between snapshots.
    - `spin_up`: days before the first snapshot.
    - `train`, `gap`, `valid`, `test`: days; the gap stands twice.
    - `block`: days in a block of the bootstrap.
    - `seed`: of the noise that the planet starts from.
    """

    planet: HeldSuarez = HeldSuarez()
    factor: int = eqx.field(static=True, default=2)
    hours: int = eqx.field(static=True, default=12)
    spin_up: int = eqx.field(static=True, default=200)
    train: int = eqx.field(static=True, default=400)
    gap: int = eqx.field(static=True, default=20)
    valid: int = eqx.field(static=True, default=40)
    test: int = eqx.field(static=True, default=240)
    block: int = eqx.field(static=True, default=15)
    seed: int = eqx.field(static=True, default=0)

    def __check_init__(self) -> None:
        if min(self.train, self.gap, self.valid, self.test, self.block) < 1:
            raise InputError("A problem needs at least one day in each of train, gap, valid, test and block.")

    @classmethod
    def full(cls) -> "HeldSuarezDownscaling":
        """T42, 5.625 to 2.8125 degrees: the source's grids."""
        return cls()

    @classmethod
    def quick(cls) -> "HeldSuarezDownscaling":
        """T21, 11.25 to 5.625 degrees, 220 days after 100 of spin-up."""
        planet = HeldSuarez(truncation=21, layers=8, dt=3600.0)
        return cls(planet, spin_up=100, train=100, gap=10, valid=20, test=80, block=10)

    @property
    def days(self) -> int:
        """Days of snapshots in all."""
        return self.train + self.valid + self.test + 2 * self.gap

    @property
    def archive(self) -> HeldSuarezArchive:
        """The simulation behind the problem."""
        return HeldSuarezArchive(self.planet, self.hours, self.spin_up, self.seed)

    def drift(self, *, monitor: Monitor = Monitor()) -> Float[np.ndarray, "5"]:
        """How much of a spin-up is left: area means of the first half of the snapshots minus the second half, in
        standard errors that count each block as one independent value. Beyond ±3 the spin-up was too short.
        """
        means = self.archive.means(self.days, monitor=monitor)[self.spin_up * 24 // self.hours :]
        size = self.block * 24 // self.hours
        count = len(means) // (2 * size) * 2
        blocks = means[: count * size].reshape(count, size, -1).mean(axis=1)
        first, second = blocks[: count // 2], blocks[count // 2 :]
        variance = (first.var(axis=0, ddof=1) + second.var(axis=0, ddof=1)) / (count // 2)
        return (first.mean(axis=0) - second.mean(axis=0)) / np.sqrt(variance)

    def folds(self, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> Iterator[Fold]:
        """The one split; the key is not used, the planet has its own seed."""
        del key
        truth = self.archive.fields(self.days, monitor=monitor)
        day, planet = 24 // self.hours, self.planet
        yield made_fold(
            "test year",
            made_layout(planet.grid, factor=self.factor, channels=planet.variables, units=planet.units),
            functools.partial(self._samples, truth),
            train=self.train * day,
            valid=self.valid * day,
            test=self.test * day,
            gap=self.gap * day,
            blocks=np.arange(self.test * day) // (self.block * day),
        )

    def _samples(self, truth: np.ndarray, start: int, stop: int) -> Samples:
        piece = jnp.asarray(truth[start:stop])
        coarse: Array = coarsen(piece, self.planet.grid, self.factor)
        predictors = Predictors(
            fields=(coarse,),
            phases=jnp.zeros((stop - start, 2), piece.dtype),
            static=jnp.asarray(self.planet.orography()[None], piece.dtype),
            segment=jnp.zeros(stop - start, int),
        )
        return Samples(predictors, piece)
