"""A bump that wanders over a periodic box: the smallest field whose state is known and whose future is not."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, PRNGKeyArray

from ..core import InputError


class Wandering(eqx.Module):
    """What `MovingField` draws.

    **Arguments:**
    - `fields`: shape (time, y, x, 1), runs one after the other.
    - `segment`: shape (time,), number of the run.
    - `position`: shape (time, 2), cells, in [0, cells).
    - `velocity`: shape (time, 2), cells a step, with which the bump goes on to the next frame.
    """

    fields: Float[Array, "time y x 1"]
    segment: Int[Array, " time"]
    position: Float[Array, "time 2"]
    velocity: Float[Array, "time 2"]


class MovingField(eqx.Module):
    """A Gaussian bump under noise, carried by a velocity that turns at random moments and shows in no single frame.

    field(t, r) = a exp(−|r − r(t)|² / 2w²) + noise,  r(t+1) = r(t) + v(t),  |v| constant; at each step, with
    probability `turn`, v takes a new direction. What comes next is therefore open, and a latent of two numbers (where
    it turned) would tell.

    When to use: to see what a representation of a moving field keeps. When not: any statement about the atmosphere.

    **Arguments:**
    - `cells`: along a side of the box.
    - `runs`, `length`: independent runs, and frames in each.
    - `height`, `width`: of the bump: field units, cells.
    - `speed`: cells a step.
    - `turn`: probability of a new direction.
    - `noise`: standard deviation of the white noise of each frame.
    """

    cells: int = 8
    runs: int = 128
    length: int = 16
    height: float = 3.0
    width: float = 1.0
    speed: float = 1.0
    turn: float = 0.3
    noise: float = 0.5

    def __check_init__(self) -> None:
        if self.cells < 4 or self.runs < 1 or self.length < 2 or not 0.0 <= self.turn <= 1.0 or self.width <= 0:
            raise InputError(
                "A moving field needs four cells a side, a run of two frames, a positive width and a turning "
                f"probability between 0 and 1; given {self}."
            )

    def draw(self, *, key: PRNGKeyArray) -> Wandering:
        """All runs; the same key gives the same ones."""
        fields, position, velocity = jax.jit(jax.vmap(self._run))(jax.random.split(key, self.runs))
        count = self.runs * self.length
        return Wandering(
            fields.reshape(count, self.cells, self.cells, 1),
            jnp.repeat(jnp.arange(self.runs), self.length),
            position.reshape(count, 2),
            velocity.reshape(count, 2),
        )

    def _run(self, key: PRNGKeyArray) -> tuple[Array, Array, Array]:
        place, first, later = jax.random.split(key, 3)

        def step(carry, key):
            position, angle = carry
            turns, to, noise = jax.random.split(key, 3)
            angle = jnp.where(jax.random.bernoulli(turns, self.turn), _angle(to), angle)
            velocity = self.speed * jnp.stack([jnp.cos(angle), jnp.sin(angle)])
            field = self._field(position) + self.noise * jax.random.normal(noise, (self.cells, self.cells))
            return ((position + velocity) % self.cells, angle), (field, position, velocity)

        start = (jax.random.uniform(place, (2,), maxval=float(self.cells)), _angle(first))
        _, seen = jax.lax.scan(step, start, jax.random.split(later, self.length))
        return seen

    def _field(self, position: Float[Array, " 2"]) -> Float[Array, "y x"]:
        apart = jnp.arange(self.cells)[None] - position[:, None]
        apart = (apart + self.cells / 2) % self.cells - self.cells / 2
        y, x = jnp.exp(-(apart**2) / (2 * self.width**2))
        return self.height * jnp.outer(y, x)


def _angle(key: PRNGKeyArray) -> Float[Array, ""]:
    return jax.random.uniform(key, maxval=2 * jnp.pi)
