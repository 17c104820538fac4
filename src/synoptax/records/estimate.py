"""What is believed about a state, number by number."""

import equinox as eqx
from jaxtyping import PyTree


class Estimate(eqx.Module):
    """A best guess and how sure one is of it.

    **Arguments:**
    - `mean`: a field.
    - `variance`: the same structure; NaN where a method gives none.
    """

    mean: PyTree
    variance: PyTree
