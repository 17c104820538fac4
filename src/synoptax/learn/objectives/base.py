"""What a fit minimises."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, PRNGKeyArray, PyTree


class AbstractObjective(eqx.Module):
    """A loss of a model on a batch."""

    @abc.abstractmethod
    def loss(
        self, model: PyTree, batch: PyTree, *, average: PyTree, key: PRNGKeyArray
    ) -> tuple[Float[Array, ""], dict[str, Float[Array, ""]]]:
        """The scalar to minimise and named terms for the log.

        **Arguments:**
        - `model`: the module in training.
        - `batch`: arrays with a leading sample axis.
        - `average`: the exponential moving average of the model's weights (the model itself where `fit` keeps none);
          no gradient flows through it.
        - `key`: randomness of this step (dropout, masks, noise); evaluation on validation data gets a fixed key.
        """
