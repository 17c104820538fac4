"""What a generative forecast draws on."""

import abc
from collections.abc import Callable
from typing import Any

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...learn.generate import DenoisingError
from ...learn.networks import AbstractPadding, ConditionedUNet

Map = Callable[[Float[Array, "y x channel"]], Float[Array, "y x channel"]]


class Drawing(eqx.Module):
    """A canvas for fields of one kind.

    **Arguments:**
    - `to`: a field to what the network sees of it; `back`: its inverse.
    - `given`: the condition to what the network sees of it.
    - `objective`: what the network is trained for.
    """

    to: Any
    back: Any
    given: Any
    objective: DenoisingError


class AbstractCanvas(eqx.Module):
    """In which coordinates noise is added and removed, and which network does it.

    Fields of every canvas: `width` and `levels` of its network. Class-level fact: `gaps`, whether fields may have cells
    without values, such as land.
    """

    gaps: eqx.AbstractClassVar[bool]
    width: eqx.AbstractVar[int]
    levels: eqx.AbstractVar[int]

    @abc.abstractmethod
    def drawing(
        self,
        fields: Float[Array, "sample y x channel"],
        conditions: Float[Array, "sample y x input"],
        dropout: float,
        areas: Float[Array, "y x 1"] | None,
    ) -> Drawing:
        """Scales from training fields and conditions; errors weighed by the areas of cells, None where all are alike.

        **Raises:** `InputError` when the grid does not suit.
        """

    @abc.abstractmethod
    def network(self, channels: int, conditions: int, padding: AbstractPadding, *, key: PRNGKeyArray) -> PyTree:
        """A new network for a `Denoiser`."""


class AbstractOnCells(AbstractCanvas):
    """A canvas whose network sees cells side by side, a `ConditionedUNet`."""

    def network(
        self, channels: int, conditions: int, padding: AbstractPadding, *, key: PRNGKeyArray
    ) -> ConditionedUNet:
        """Condition and field side by side."""
        return ConditionedUNet(
            channels, conditions=conditions, width=self.width, levels=self.levels, padding=padding, key=key
        )
