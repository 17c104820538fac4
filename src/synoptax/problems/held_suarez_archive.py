"""Simulated once, kept on disk: snapshots of a Held-Suarez planet in parts that outlive a killed run."""

import importlib.metadata
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..core import InputError, Monitor, Status, fingerprint, load, save
from ..dynamics import HeldSuarez, rollout
from .model_code import model_code

VERSION = 1  # raised when the numbers of the simulation change; the version of the library does not count
PART = 20  # days simulated between two writes
DAY = 86_400.0


def cache_folder() -> Path:
    """Where simulated data live: `SYNOPTAX_CACHE`, or the user's cache folder of the platform."""
    if chosen := os.environ.get("SYNOPTAX_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "synoptax"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "synoptax"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "synoptax"


class HeldSuarezArchive(eqx.Module):
    """A planet's weather from day 0 on, every so many hours; longer wishes extend what is there.

    Parts of 20 days are named by a fingerprint of the settings below, of the model's code, of dinosaur's version and of
    this file's; each appears whole or not at all, with the state to continue from. A killed run loses less than one
    part.

    **Arguments:**
    - `planet`: the model.
    - `hours`: between snapshots.
    - `spin_up`: days whose snapshots are not kept; of them only the area means are. A multiple of 20.
    - `seed`: of the noise at the start.
    """

    planet: HeldSuarez
    hours: int = eqx.field(static=True, default=12)
    spin_up: int = eqx.field(static=True, default=200)
    seed: int = eqx.field(static=True, default=0)

    def __check_init__(self) -> None:
        if self.hours < 1 or 24 % self.hours or (self.hours * 3600) % self.planet.dt:
            raise InputError(
                f"Snapshots every {self.hours} h do not fit into a day in steps of {self.planet.dt} s; choose another "
                "interval."
            )
        if self.spin_up % PART:
            raise InputError(f"A spin-up of {self.spin_up} days is not a multiple of {PART}; round it.")

    def folder(self) -> Path:
        """Where the parts are."""
        core = importlib.metadata.version("dinosaur-dycore")
        settings = [self.planet, self.hours, self.spin_up, self.seed, PART]
        name = fingerprint([*settings, VERSION, core, model_code(self.planet)])
        return cache_folder() / "held_suarez" / name

    def simulate(self, days: int, *, monitor: Monitor = Monitor()) -> None:
        """Runs what is missing of `days` after the spin-up; resumes after the last complete part.

        **Raises:** `InputError` when the planet blows up, when the disk is full, or without dinosaur.
        """
        total = (self.spin_up + days + PART - 1) // PART
        parts = [self._part(i) for i in range(total)]
        done = next((i for i, p in enumerate(parts) if not (p / "model.json").is_file()), total)
        if done == total:
            return
        with jax.enable_x64(False):  # the archive is the same whatever precision its reader works in
            state = self._state(done)
            for i in range(done, total):
                monitor(i * PART, total * PART, f"day {i * PART} of {total * PART}")
                state = self._advance(i, state, parts[i])
        monitor(total * PART, total * PART, "simulated")

    def fields(self, days: int, *, monitor: Monitor = Monitor()) -> np.ndarray:
        """Snapshots of `days` after the spin-up, shape (time, 5, lat, lon), `planet.variables` on `planet.grid`."""
        self.simulate(days, monitor=monitor)
        first, count = self.spin_up // PART, days * 24 // self.hours
        parts = [load(p)[0]["fields"] for p in self._kept(first, days)]
        return np.concatenate(parts)[:count]

    def means(self, days: int, *, monitor: Monitor = Monitor()) -> np.ndarray:
        """Area means at all snapshots from day 0 to `days` after the spin-up, (time, 5): to judge the spin-up."""
        self.simulate(days, monitor=monitor)
        total = (self.spin_up + days) * 24 // self.hours
        return np.concatenate([load(p)[0]["means"] for p in self._kept(0, self.spin_up + days)])[:total]

    def _kept(self, first: int, days: int) -> Iterator[Path]:
        return (self._part(first + i) for i in range((days + PART - 1) // PART))

    def _part(self, number: int) -> Path:
        return self.folder() / f"part{number:04d}"

    def _state(self, done: int) -> dict[str, Any]:
        if done == 0:
            return self.planet.start(key=jax.random.key(self.seed))
        return {name: jnp.asarray(value) for name, value in load(self._part(done - 1))[0]["state"].items()}

    def _advance(self, number: int, state: dict[str, Any], path: Path) -> dict[str, Any]:
        every = int(self.hours * 3600 / self.planet.dt)
        steps = PART * 24 // self.hours * every
        run = rollout(self.planet, state, steps=steps, every=every, view=self.planet.weather)
        if int(run.status) != int(Status.successful):
            raise InputError(
                f"The planet blew up between days {number * PART} and {(number + 1) * PART} at T"
                f"{self.planet.truncation} with steps of {self.planet.dt} s; use shorter steps."
            )
        fields = np.asarray(run.fields)
        weights = self.planet.grid.weights().astype(fields.dtype)
        means = (fields * weights).mean(axis=(-2, -1))
        keep = fields if number * PART >= self.spin_up else fields[:0]
        last = {name: np.asarray(value) for name, value in run.last.items()}
        save({"fields": keep, "means": means, "state": last}, path)
        return run.last
