"""Do so many numbers lie on so many places?"""

from ...core import InputError


def fitting(count: int, size: int, who: str) -> None:
    """**Raises:** `InputError` unless `count` is a multiple of `size`."""
    if size < 1 or count % size:
        raise InputError(
            f"A {who} of {size} places does not fit a state of {count} numbers; the state must hold the same number of "
            "fields at every place, and the place must be the last axis of each field."
        )
