"""A U-Net on what a linear prediction leaves over."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import UNet, padding_of
from ..learn.training import Training
from ..records import Task
from .bicubic import Bicubic
from .network import Lift, train_networks


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
    - `dropout`: share of channels dropped while training.
    - `training`: how long and how fast.
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
    dropout: float = eqx.field(static=True, default=0.1)
    training: Training = Training()
    folds: int = eqx.field(static=True, default=1)

    @classmethod
    def example(cls) -> "ResidualUNet":
        return cls(width=4, levels=2, training=Training(steps=20, every=10, batch=8))

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
            training=self.training,
            members=self.members,
            folds=self.folds,
            who="ResidualUNet",
            key=key,
            monitor=monitor,
        )
