"""DeepONet with a branch that looks where it predicts."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..fields import Grid, regrid
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import padding_of
from ..learn.networks.deeponet import LocalBranchTrunk
from ..learn.training import Training
from ..records import Task
from .bicubic import Bicubic
from .operator import CoarseStack, coordinates, offsets, train_operator


class LocalDeepONet(AbstractMethod):
    """An operator network on what interpolation leaves over, with features of the neighbourhood as its branch.

    ŷ_c(y) = base_c(y) + m_c(y) + s_c Σ_k w_ck b_k(h(x)(y)) t_k(y): h a residual network on the coarse grid,
    interpolated to y; t a network of the place, the offset within its coarse cell, and static fields.

    Use it where the same physics acts everywhere, for grids and for stations. Not where the answer depends on what
    happens far beyond `depth` + 1 pairs of coarse cells. Cost: per place rank² + rank x width multiply-adds, about
    those of one convolution of that width.

    **Arguments:**
    - `base`: the method whose residual is learned (`Bicubic()` or `Ridge()`), or None.
    - `rank`: number of products.
    - `width`, `depth`: channels of the features, residual blocks.
    - `octaves`: Fourier features up to 2^(octaves − 1) half-waves across the region.
    - `training`: how long and how fast.

    **Good values:** rank 64, width 32, depth 3, three octaves.

    **Fails when:** training times are few: the trunk then learns noise place by place; lower `octaves` to 0.

    Reference: Lu, Jin, Pang, Zhang and Karniadakis (2021), doi:10.1038/s42256-021-00302-5; local features as in Chen,
    Liu and Wang (2021), doi:10.1109/CVPR46437.2021.00852.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "resumes"})
    cite: ClassVar[str] = "Lu, Jin, Pang, Zhang and Karniadakis (2021), doi:10.1038/s42256-021-00302-5"

    base: AbstractMethod | None = Bicubic()
    rank: int = eqx.field(static=True, default=64)
    width: int = eqx.field(static=True, default=32)
    depth: int = eqx.field(static=True, default=3)
    octaves: int = eqx.field(static=True, default=3)
    training: Training = Training(batch=16, rate=2e-3)

    @classmethod
    def example(cls) -> "LocalDeepONet":
        """A small network."""
        return cls(rank=8, width=4, depth=1, octaves=1, training=Training(steps=20, every=10, batch=8, rate=2e-3))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`."""
        layout = task.layout

        def build(stack: CoarseStack, key: PRNGKeyArray) -> LocalBranchTrunk:
            source = layout.sources[0].place
            assert isinstance(source, Grid), "CoarseStack refuses anything else"
            known = coordinates(task, octaves=self.octaves)
            shift = jnp.asarray(offsets(source, layout.place), known.dtype)
            return LocalBranchTrunk(
                stack.shape[2],
                jnp.concatenate([known, shift], axis=1),
                len(layout.channels),
                regrid.Bilinear(clamp=True).between(source, layout.place),
                rank=self.rank,
                width=self.width,
                depth=self.depth,
                padding=padding_of(source),
                key=key,
            )

        return train_operator(
            task,
            self.base,
            build,
            training=self.training,
            who="LocalDeepONet",
            key=key,
            monitor=monitor,
        )
