"""Runs of blocks on a circle."""

from .base import AbstractResampling


class Circular(AbstractResampling):
    """Runs may start at every block, the last is followed by the first: every block is drawn equally often.

    Use it by default. With `length=1` it is the plain bootstrap over blocks, right when a block is longer than the
    memory of the error.

    **Arguments:**
    - `length`: neighbouring blocks drawn together; raise it when errors of neighbouring blocks resemble each other.

    **Good values:** 1 for blocks of days in weather, 1 for single years or seasons in climate.

    **Fails when:** there are fewer than about eight blocks: no resampling knows what it has not seen.

    Reference: Politis and Romano (1992), in Exploring the Limits of Bootstrap, Wiley, 263-270.
    """

    length: int = 1

    def starts(self, blocks: int) -> int:
        return blocks
