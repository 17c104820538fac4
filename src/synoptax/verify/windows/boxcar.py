"""No taper."""

import numpy as np
from jaxtyping import Float

from .base import AbstractWindow


class Boxcar(AbstractWindow):
    """No taper: right for periodic maps, and what most published spectra of limited areas use.

    **Fails when:** opposite edges of the map differ: the jump fills the small scales with k⁻², alike for all methods.
    """

    def taper(self, size: int) -> Float[np.ndarray, " size"]:
        return np.ones(size)
