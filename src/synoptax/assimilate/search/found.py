"""Where a search ended."""

import equinox as eqx
from jaxtyping import Array, Bool, Float, Int


class Found(eqx.Module):
    """Where a search ended.

    **Arguments:**
    - `control`: the white control vector χ.
    - `cost`: J(χ) = ½ |χ|² + ½ |r(χ)|².
    - `gradient`: |∇J| over its value at the start.
    - `iterations`: outer iterations that moved.
    - `converged`: whether the gradient fell below the tolerance.
    """

    control: Float[Array, " n"]
    cost: Float[Array, ""]
    gradient: Float[Array, ""]
    iterations: Int[Array, ""]
    converged: Bool[Array, ""]
