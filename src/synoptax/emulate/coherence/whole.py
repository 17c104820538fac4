"""All of a coherent forecast."""

from jaxtyping import Array, Float

from .base import AbstractPart


class Whole(AbstractPart):
    """Every cell of every frame."""

    def __call__(self, sequence: Float[Array, "time y x channel"]) -> Float[Array, "time y x channel"]:
        return sequence
