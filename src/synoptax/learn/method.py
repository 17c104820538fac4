"""What can be fitted, and what predicts fields from fields: types that downscaling and emulation share."""

import abc
import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ..core import Monitor
from ..fields.accept import accepts_xarray
from ..records import Layout, Predictors, Task


class AbstractDownscaler(eqx.Module):
    """What predicts: fields in, other fields out, in physical units. Saved and loaded whole by `core.save`.

    Finer fields of the same time make it a downscaler; fields of a later time on the same grid make it a forecast.

    `predict` and `sample` also take xarray data sets, opened with `fields.open_dataset`, and then return one.
    """

    layout: eqx.AbstractVar[Layout]

    def __init_subclass__(cls) -> None:
        """Lets xarray in at the door of every downscaler, so that no method has to think of it."""
        for name in ("predict", "sample"):
            if name in vars(cls):
                setattr(cls, name, accepts_xarray(vars(cls)[name]))

    @abc.abstractmethod
    def predict(self, predictors: Predictors) -> Float[Array, "time channel *fine"]:
        """The single best field: the predictive mean on the scale of `layout.transforms`, mapped back to units."""

    @abc.abstractmethod
    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """`count` members of the predictive distribution; a deterministic downscaler returns `predict` once."""


class AbstractDeterministic(AbstractDownscaler):
    """A downscaler without a distribution: one member, whatever `count` asks for."""

    def sample(
        self, predictors: Predictors, *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member time channel *fine"]:
        """`predict` with a member axis of length one, so that metrics that need two members refuse it."""
        del key, count
        return jnp.expand_dims(self.predict(predictors), 0)


class AbstractMethod(eqx.Module):
    """What can be fitted. Its fields are its settings, numbers and modules, never data.

    Class-level facts: `claims` (promises that `tests/laws` checks), `cite` (the reference), `example()` (a small
    instance for tests, docs and the command line).
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractMethod":
        """A small instance that fits in seconds."""

    @abc.abstractmethod
    def fit(self, task: Task, *, key: PRNGKeyArray, monitor: Monitor = Monitor()) -> AbstractDownscaler:
        """Learns from `task.train`, tunes on `task.valid`, and returns the model.

        **Raises:** `InputError` when the task lacks what the method needs (a coarse counterpart, orography, ...).
        """


def without_refit(method: AbstractMethod) -> AbstractMethod:
    """The same method, and those within it, without a last fit on training and validation data together."""
    changes: dict[str, Any] = {}
    for field in dataclasses.fields(method):
        value = getattr(method, field.name)
        if field.name == "refit" and value is True:
            changes["refit"] = False
        elif isinstance(value, AbstractMethod):
            changes[field.name] = without_refit(value)
        elif isinstance(value, tuple) and any(isinstance(v, AbstractMethod) for v in value):
            changes[field.name] = tuple(without_refit(v) if isinstance(v, AbstractMethod) else v for v in value)
    return dataclasses.replace(method, **changes) if changes else method
