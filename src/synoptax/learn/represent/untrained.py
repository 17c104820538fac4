"""No pretraining: the encoder as it was drawn."""

from typing import ClassVar

import numpy as np
from jaxtyping import PRNGKeyArray, PyTree

from ...core import Monitor, Status
from .base import AbstractPretraining, Pretrained
from .collapse import health_of
from .windows import Frames


class NoPretraining(AbstractPretraining):
    """Leaves the encoder at its random start: supervised learning alone, or, kept frozen, random features.

    When to use: as the comparison that every pretraining has to beat. Cost: none.
    """

    cite: ClassVar[str] = "He et al. (2015), doi:10.1109/ICCV.2015.123 (start values)"

    @classmethod
    def example(cls) -> "NoPretraining":
        return cls()

    def pretrain(
        self,
        encoder: PyTree,
        frames: Frames,
        *,
        valid: Frames | None = None,
        key: PRNGKeyArray,
        members: int | None = None,
        monitor: Monitor = Monitor(),
    ) -> Pretrained:
        """The same encoder."""
        del valid, key, monitor
        status = np.full(() if members is None else (members,), int(Status.successful))
        return Pretrained(encoder, encoder, health_of(encoder, frames, members=members), {}, status)
