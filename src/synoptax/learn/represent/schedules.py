"""Which parts of a dynamics model follow the learning-rate schedule."""

import abc
import functools

import equinox as eqx
import jax
import optax
from jaxtyping import PyTree

from .recipe import Recipe

_PARTS = ("encoder", "inverse", "forward")


class AbstractSchedule(eqx.Module):
    """One optimiser for encoder, inverse and forward model; the gradient of each part is clipped for itself."""

    @abc.abstractmethod
    def parts(self, recipe: Recipe) -> dict[str, optax.GradientTransformation]:
        """The optimiser of each part."""

    def optimiser(self, recipe: Recipe) -> optax.GradientTransformation:
        """All parts together."""
        return _together(self, recipe)


class SharedSchedule(AbstractSchedule):
    """All parts follow the schedule: what the DynaMo paper describes."""

    def parts(self, recipe: Recipe) -> dict[str, optax.GradientTransformation]:
        return dict.fromkeys(_PARTS, recipe.scheduled())


class ForwardUnscheduled(AbstractSchedule):
    """Encoder and inverse model follow the schedule, the forward model keeps the highest rate to the end.

    What DynaMo's public code does: its schedule reaches two of its three optimisers. Only for comparison.
    """

    def parts(self, recipe: Recipe) -> dict[str, optax.GradientTransformation]:
        return {"encoder": recipe.scheduled(), "inverse": recipe.scheduled(), "forward": recipe.unscheduled()}


@functools.lru_cache(maxsize=64)
def _together(schedule: AbstractSchedule, recipe: Recipe) -> optax.GradientTransformation:
    return optax.multi_transform(schedule.parts(recipe), _labels)


def _labels(params: PyTree) -> PyTree:
    """The name of its part at every weight of a dynamics model."""
    named = [jax.tree.map(lambda _, name=name: name, getattr(params, name)) for name in _PARTS]
    return eqx.tree_at(lambda m: [getattr(m, name) for name in _PARTS], params, named, is_leaf=lambda x: x is None)
