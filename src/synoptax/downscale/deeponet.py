"""DeepONet: the comparator of the DynaMo study."""

from typing import ClassVar

import equinox as eqx
from jaxtyping import PRNGKeyArray

from ..core import Monitor
from ..learn.method import AbstractDownscaler, AbstractMethod
from ..learn.networks import padding_of
from ..learn.networks.deeponet import BranchTrunk
from ..learn.training import Training
from ..records import Task
from .operator import CoarseStack, coordinates, train_operator


class DeepONet(AbstractMethod):
    """The plain operator network: coefficients from the coarse field times functions of the place.

    ŷ_c(y) = base_c(y) + m_c(y) + s_c Σ_k b_ck(x) t_k(y), m the training mean; b a convolutional network on the coarse
    grid, t a network of x, y, z on the sphere with Fourier features and static fields. Trained on squared error,
    weighted by cell area, with AdamW and a cosine schedule.

    Use it as the published comparator, and for targets at stations or any set of places. Not where small scales
    matter: the field is a combination of `rank` fixed functions, a low-pass filter whatever the sample. Cost: the
    branch is cheap, the trunk is evaluated once a step for all samples.

    **Arguments:**
    - `base`: a method whose residual is learned, or None for the plain form.
    - `rank`: number of functions of the place.
    - `width`, `depth`: channels of the branch and a quarter of the trunk's units; layers of the trunk.
    - `octaves`: Fourier features up to 2^(octaves − 1) half-waves across the region.
    - `training`: how long and how fast.

    **Good values:** rank 128, width 32, depth 4, five octaves for a globe at three degrees.

    **Fails when:** fields need more functions than `rank`: winds come out as smooth as bilinear interpolation.

    Reference: Lu, Jin, Pang, Zhang and Karniadakis (2021), doi:10.1038/s42256-021-00302-5.
    """

    claims: ClassVar[frozenset[str]] = frozenset({"saves_and_loads", "ignores_missing_targets", "resumes"})
    cite: ClassVar[str] = "Lu, Jin, Pang, Zhang and Karniadakis (2021), doi:10.1038/s42256-021-00302-5"

    base: AbstractMethod | None = None
    rank: int = eqx.field(static=True, default=128)
    width: int = eqx.field(static=True, default=32)
    depth: int = eqx.field(static=True, default=4)
    octaves: int = eqx.field(static=True, default=5)
    training: Training = Training(steps=3000)

    @classmethod
    def example(cls) -> "DeepONet":
        """A small network."""
        return cls(rank=8, width=4, depth=2, octaves=2, training=Training(steps=20, every=10, batch=8))

    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Trains through the one loop; checkpoints and resumes with a folder in `monitor`."""
        places = coordinates(task, octaves=self.octaves)

        def build(stack: CoarseStack, key: PRNGKeyArray) -> BranchTrunk:
            return BranchTrunk(
                stack.shape,
                places,
                len(task.layout.channels),
                rank=self.rank,
                width=self.width,
                depth=self.depth,
                padding=padding_of(task.layout.sources[0].place),
                key=key,
            )

        return train_operator(
            task,
            self.base,
            build,
            training=self.training,
            who="DeepONet",
            key=key,
            monitor=monitor,
        )
