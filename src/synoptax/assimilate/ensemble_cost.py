"""The cost of variational methods that carry members through the window and not the model."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PyTree

from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation, AbstractRoot
from ..records import Window
from .cost import AbstractCost, View


class EnsembleCost(AbstractCost):
    """x_t(χ) = x_b,t + L_t χ: the same control at all times, so that no model and no adjoint is in the search.

    **Arguments:**
    - `background`: x_b,t at the times of the window, shape (time, state).
    - `covariance`: L, of all times in a row as one vector.
    - `back`: from a vector to a state.
    - `window`, `used`, `dynamics`, `operator`: as for every cost.
    """

    background: Float[Array, "time state"]
    covariance: AbstractRoot
    window: Window
    used: Bool[Array, " length"]
    dynamics: AbstractDynamics
    operator: AbstractObservation
    back: Callable[[Array], PyTree] = eqx.field(static=True)

    def path(self, control: Float[Array, " n"], view: View) -> PyTree:
        """By the root of the covariance between the times."""
        moved = self.covariance.root(control).reshape(self.background.shape)
        numbers = jnp.arange(self.background.shape[0])
        return jax.vmap(lambda x, t: view(self.back(x), t))(self.background + moved, numbers)
