"""A U-Net on what a linear prediction leaves over."""

import functools
from typing import ClassVar

import equinox as eqx
import optax
from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..learn.networks import UNet
from ..records import Task
from .base import AbstractDownscaler, AbstractMethod
from .bicubic import Bicubic
from .network import Lift, padding_of, train_networks


class ResidualUNet(AbstractMethod):
    """Interpolate or regress first, then let a convolutional network correct the result at full resolution.

    ŷ = base(x) + s · U(lift(x)), U a U-Net on the predictors interpolated to the fine grid; trained on squared error,
    weighted by cell area, with AdamW and a cosine schedule; the mean of `members` independent networks.

    Use it with thousands of samples or more, on grids. Not for stations, nor with a few hundred correlated hours
    unless the base is `Ridge()`. Cost: about 20 x cells x width² multiply-adds a field, level, and member.

    **Arguments:**
    - `base`: the method whose residual is learned (`Bicubic()` or `Ridge()`), or None.
    - `width`, `levels`: channels at full resolution, number of resolutions.
    - `members`: networks trained side by side.
    - `steps`, `batch`, `learning_rate`, `weight_decay`, `dropout`: of the training.
    - `every`, `patience`: steps between validations; validations without improvement before it stops.
    - `average`: decay of the moving average of the weights.
    - `folds`: parts for out-of-fold residuals of the base (1: in-sample residuals; right for interpolations).

    **Good values:** width 32, 3 levels, learning rate 1e-3, batch 32.

    **Fails when:** training times are few or alike: validation then stops it near the base.

    Reference: Ronneberger, Fischer and Brox (2015), doi:10.1007/978-3-319-24574-4_28; residual form as in Mardani et
    al. (2025), doi:10.1038/s43247-025-02042-5.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "resumes"})
    cite: ClassVar[str] = "Ronneberger, Fischer and Brox (2015), doi:10.1007/978-3-319-24574-4_28"

    base: AbstractMethod | None = Bicubic()
    width: int = eqx.field(static=True, default=32)
    levels: int = eqx.field(static=True, default=3)
    members: int = eqx.field(static=True, default=1)
    steps: int = eqx.field(static=True, default=2000)
    batch: int = eqx.field(static=True, default=32)
    learning_rate: float = eqx.field(static=True, default=1e-3)
    weight_decay: float = eqx.field(static=True, default=1e-2)
    dropout: float = eqx.field(static=True, default=0.1)
    every: int = eqx.field(static=True, default=100)
    patience: int | None = eqx.field(static=True, default=8)
    average: float | None = eqx.field(static=True, default=0.99)
    folds: int = eqx.field(static=True, default=1)

    @classmethod
    def example(cls) -> "ResidualUNet":
        return cls(width=4, levels=2, steps=20, every=10, batch=8)

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`."""
        channels = len(task.layout.channels)
        padding = padding_of(task.layout.place)

        def build(lift: Lift, key: PRNGKeyArray) -> UNet:
            return UNet(
                lift.channels,
                channels,
                width=self.width,
                levels=self.levels,
                padding=padding,
                dropout=self.dropout,
                key=key,
            )

        return train_networks(
            task,
            self.base,
            build,
            optimiser=cosine_adamw(self.learning_rate, self.steps, self.weight_decay),
            steps=self.steps,
            batch=self.batch,
            every=self.every,
            patience=self.patience,
            average=self.average,
            members=self.members,
            folds=self.folds,
            who="ResidualUNet",
            key=key,
            monitor=monitor,
        )


@functools.lru_cache  # one object per setting: the second seed then finds the loop of the first one compiled
def cosine_adamw(rate: float, steps: int, decay: float) -> optax.GradientTransformation:
    """AdamW, gradient norm clipped at one, a short linear warm-up and a cosine decay to zero."""
    warm = max(1, min(100, steps // 20))
    schedule = optax.warmup_cosine_decay_schedule(0.0, rate, warm, max(steps, warm + 1))
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(schedule, weight_decay=decay))
