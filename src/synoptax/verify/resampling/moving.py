"""Runs of blocks within the record."""

from .base import AbstractResampling


class Moving(AbstractResampling):
    """Runs never pass the end of the record: the first and last blocks are drawn less often.

    Use it where the end of a record must not be followed by its beginning (a trend). Otherwise use `Circular`.

    **Arguments:**
    - `length`: neighbouring blocks drawn together.

    **Good values:** as for `Circular`.

    **Fails when:** the record holds few runs: the ends then hardly count.

    Reference: Künsch (1989), doi:10.1214/aos/1176347265.
    """

    length: int = 1

    def starts(self, blocks: int) -> int:
        return blocks - self.length + 1
