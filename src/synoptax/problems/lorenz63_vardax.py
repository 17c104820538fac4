"""One window on Lorenz' three variables: a published benchmark as it is, and the same on the attractor."""

import abc
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import InputError
from ..dynamics import RK4, Lorenz63, Stepped, rollout
from ..observe import Diagonal, Everything
from ..records import Gaussian, Window


class AbstractStart(eqx.Module):
    """Where the truth begins."""

    @abc.abstractmethod
    def draw(self, dynamics: Stepped, *, key: PRNGKeyArray) -> Float[Array, "3"]:
        """A state at time zero."""


class NearFixedPoint(AbstractStart):
    """As published: the fixed point C+ plus noise of 0.01, then 1000 steps of 0.01.

    The instability of C+ grows by e in 11 time units, so after these ten the truth has not left it.
    """

    steps: int = eqx.field(static=True, default=1000)

    def draw(self, dynamics: Stepped, *, key: PRNGKeyArray) -> Float[Array, "3"]:
        """The same draw from the same key as the source's."""
        begin = fixed_point() + 0.01 * jax.random.normal(key, (3,))
        return rollout(dynamics, begin, steps=self.steps, every=self.steps).last


class OnAttractor(AbstractStart):
    """Repaired: 100 time units from a random state, long enough for every draw to reach the attractor."""

    steps: int = eqx.field(static=True, default=10_000)

    def draw(self, dynamics: Stepped, *, key: PRNGKeyArray) -> Float[Array, "3"]:
        """A state of the attractor."""
        return rollout(dynamics, dynamics.start(key=key), steps=self.steps, every=self.steps).last


class WindowTwin(eqx.Module):
    """One draw.

    **Arguments:**
    - `truth`: shape (steps + 1, 3), from time zero on. Only `verify` reads it.
    - `window`: the observations; the first is at time zero.
    - `prior`: the background at time zero.
    """

    truth: Float[Array, "step 3"]
    window: Window
    prior: Gaussian


class Lorenz63Vardax(eqx.Module):
    """Every 0.05 all three variables are seen with errors of 0.5; the analysis of one window then runs free.

    The background is zero with standard deviations of 5, as published.

    **Arguments:**
    - `start`: `NearFixedPoint()` is the published problem, `OnAttractor()` the repaired one.
    - `times`: of observation in the window, the first at time zero: 11 are half a time unit.
    - `steps`: of 0.01 in all, window and free forecast.

    Reference: the benchmark of the package vardax (J. E. Johnson), notebooks on Lorenz-63.
    """

    start: AbstractStart = NearFixedPoint()
    times: int = eqx.field(static=True, default=11)
    steps: int = eqx.field(static=True, default=1000)

    every: ClassVar[int] = 5
    error: ClassVar[float] = 0.5
    doubt: ClassVar[float] = 5.0

    def __check_init__(self) -> None:
        if self.times < 2 or self.steps < self.window_steps:
            raise InputError(
                f"A window of {self.times} times needs at least two and {self.window_steps} steps; given {self.steps}."
            )

    @property
    def window_steps(self) -> int:
        """Model steps from the first to the last observation."""
        return self.every * (self.times - 1)

    @property
    def dynamics(self) -> Stepped:
        """Truth and model."""
        return Stepped(Lorenz63(), RK4(), 0.01)

    @property
    def operator(self) -> Everything:
        """All three variables."""
        return Everything(Diagonal.of(3, self.error**2))

    def draw(self, key: PRNGKeyArray) -> WindowTwin:
        """One problem; with key 42 and the default start the published one. Batches go through `jax.vmap`."""
        moving, seeing = jax.random.split(key)
        dynamics = self.dynamics
        first = self.start.draw(dynamics, key=moving)
        run = rollout(dynamics, first, steps=self.steps, every=1)
        truth = jnp.concatenate([first[None], run.fields])
        noise = self.error * jax.random.normal(seeing, (self.window_steps + 1, 3))
        values = (truth[: self.window_steps + 1] + noise)[:: self.every]
        times = 0.01 * self.every * jnp.arange(self.times)
        window = Window(
            values=values,
            mask=jnp.ones((self.times, 3), bool),
            times=times,
            start=times[0],
            active=jnp.arange(self.times) > 0,
            index=jnp.asarray(0),
            steps=self.every,
        )
        prior = Gaussian(jnp.zeros(3), Diagonal(jnp.full(3, self.doubt**2)))
        return WindowTwin(truth, window, prior)


def fixed_point() -> Float[Array, "3"]:
    """C+, where convection is steady."""
    system = Lorenz63()
    side = jnp.sqrt(system.beta * (system.rho - 1.0))
    return jnp.stack([side, side, jnp.asarray(system.rho - 1.0)])
