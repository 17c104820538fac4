"""How long and how fast a network learns from labels."""

import functools

import equinox as eqx
import optax
from jaxtyping import PRNGKeyArray, PyTree

from ..core import InputError, Monitor
from .batches import InMemory
from .fit import Fitted, fit
from .objectives import AbstractObjective


class Training(eqx.Module):
    """The numbers of a training run: AdamW, gradient norm clipped at one, short warm-up, cosine decay to zero.

    w ← w − r_t (Adam(∇L) + decay · w),   r_t = rate · (1 + cos(π (t − u) / (steps − u))) / 2 after u steps of warm-up,
    a twentieth of them, at most 100.

    Use it as the `training` of every network here: one record, so that methods are compared at equal effort. Cost: of
    the network's step, `steps` times.

    **Arguments:**
    - `steps`: updates; `batch`: samples an update.
    - `rate`: highest learning rate.
    - `decay`: weight decay, of every trained number, biases and scales included.
    - `every`: steps between validations.
    - `patience`: validations without improvement before it stops; None never stops early.
    - `average`: decay of the moving average of the weights; None keeps none.

    **Good values:** the defaults for a U-Net on a few thousand fields; each method holds its own.

    **Fails when:** a run is stopped before its `steps` are done, the rate still high; ask for fewer instead.

    Reference: Loshchilov and Hutter (2019), arXiv:1711.05101.
    """

    steps: int = eqx.field(static=True, default=2000)
    batch: int = eqx.field(static=True, default=32)
    rate: float = eqx.field(static=True, default=1e-3)
    decay: float = eqx.field(static=True, default=1e-2)
    every: int = eqx.field(static=True, default=100)
    patience: int | None = eqx.field(static=True, default=8)
    average: float | None = eqx.field(static=True, default=0.99)

    def __check_init__(self) -> None:
        if min(self.steps, self.batch, self.every) < 1 or self.rate <= 0:
            raise InputError(f"A training needs positive steps, batch, every and rate; given {self}.")

    def optimiser(self, *, scale: float = 1.0) -> optax.GradientTransformation:
        """The optimiser at `scale` times the rate; the same object for the same numbers, so that fits share it."""
        return cosine_adamw(scale * self.rate, self.steps, self.decay)

    def fit(
        self,
        model: PyTree,
        objective: AbstractObjective,
        data: PyTree,
        *,
        valid: PyTree,
        key: PRNGKeyArray,
        monitor: Monitor,
        optimiser: optax.GradientTransformation | None = None,
        trainable: PyTree = eqx.is_inexact_array,
        members: int | None = None,
    ) -> Fitted:
        """`synoptax.learn.fit` with these numbers, on data in memory; another `optimiser` takes the place of its own.

        **Raises:** `InputError` on a foreign or damaged checkpoint.
        """
        return fit(
            model,
            objective,
            InMemory(data, self.batch),
            self.optimiser() if optimiser is None else optimiser,
            self.steps,
            key=key,
            valid=valid,
            every=self.every,
            patience=self.patience,
            average=self.average,
            trainable=trainable,
            members=members,
            monitor=monitor,
        )


@functools.lru_cache  # one object per setting: the second seed then finds the loop of the first one compiled
def cosine_adamw(rate: float, steps: int, decay: float) -> optax.GradientTransformation:
    """AdamW, gradient norm clipped at one, a short linear warm-up and a cosine decay to zero."""
    warm = max(1, min(100, steps // 20))
    schedule = optax.warmup_cosine_decay_schedule(0.0, rate, warm, max(steps, warm + 1))
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=decay))
