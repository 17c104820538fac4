"""The two types of this folder: a statistic is what adds up, a metric is what is read off its means."""

import abc
import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..core import fingerprint


class AbstractStatistic(eqx.Module):
    """What adds up over time and place: weighted sums, kept per time and channel.

    The identity of a statistic is its class and fields (arrays by content), so metrics that need the same one share it.

    Class-level facts: `members` (the fewest it accepts) and `uses_reference` (whether it reads a climatology).
    """

    members: ClassVar[int] = 1
    uses_reference: ClassVar[bool] = False

    @abc.abstractmethod
    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel *bins"], Float[Array, "time channel"]]:
        """Weighted sum over places and the weight that went into it, per time and channel.

        Missing truth has no weight. A forecast that is not finite where truth exists makes the sum not finite: a method
        is never scored on its easy places only.
        """


class AbstractLocal(AbstractStatistic):
    """A statistic with one value per time, channel and place."""

    @abc.abstractmethod
    def compute(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> Float[Array, "time channel *place"]:
        """The value at every place; NaN where truth is missing."""

    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel *bins"], Float[Array, "time channel"]]:
        """The weighted sum of `compute` over the places where truth exists."""
        mask = present(truth, weights, reference if self.uses_reference else None)
        return total(self.compute(forecast, truth, reference=reference), mask), total(jnp.ones_like(mask), mask)


class AbstractClimatological(AbstractStatistic):
    """A statistic that reads the standard deviation of the climatology beside the climatology.

    `std` is that standard deviation, or None for the one that `evaluate` is given as `reference_std`.
    """

    uses_reference: ClassVar[bool] = True
    std: eqx.AbstractVar[float | tuple[float, ...] | Float[np.ndarray, "channel *place"] | None]

    @abc.abstractmethod
    def sums(
        self,
        forecast: Float[Array, "member time channel *place"],
        truth: Float[Array, "time channel *place"],
        *,
        weights: Float[Array, "*place"],
        reference: Float[Array, "time channel *place"] | None = None,
        reference_std: Float[Array, "time channel *place"] | None = None,
    ) -> tuple[Float[Array, "time channel *bins"], Float[Array, "time channel"]]:
        """As of any statistic; places without a climatology, or without its standard deviation, have no weight."""


class AbstractMetric(eqx.Module):
    """What is read: a number per channel, from the means of the statistics that it needs.

    Channels are never averaged with one another: their units differ.

    Class-level facts: `claims` (promises that `tests/laws` checks; `additive` is mandatory), `better` ("lower",
    "higher", "zero", "one", or "none": where the best value lies), `cite` (the reference of the definition) and
    `example()`.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    better: eqx.AbstractClassVar[str]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractMetric":
        """A small instance, used by tests and docs."""

    @property
    @abc.abstractmethod
    def needs(self) -> dict[str, AbstractStatistic]:
        """The statistics that it is made of, by the role they play in `value`."""

    @abc.abstractmethod
    def value(self, means: Mapping[str, Float[np.ndarray, "..."]]) -> Float[np.ndarray, "..."]:
        """The metric from the weighted means of its statistics, one number (or one row of bins) per channel.

        The means have shape (..., channel, *bins); resamples stand in front, so index from the end: `m[..., 0]`.
        """

    @property
    def name(self) -> str:
        """Class and the fields that differ from their defaults: `RMSE(transform=Root)`, `BrierScore(threshold=1.0)`."""
        return label(self)

    @property
    def members(self) -> int:
        """The fewest members that it accepts."""
        return max((s.members for s in self.needs.values()), default=1)


def present(
    truth: Float[Array, "time channel *place"],
    weights: Float[Array, "*place"],
    reference: Float[Array, "time channel *place"] | None = None,
) -> Float[Array, "time channel *place"]:
    """The weight of each place: zero where truth (or the climatology that is read) is missing."""
    valid = ~jnp.isnan(truth)
    if reference is not None:
        valid = valid & ~jnp.isnan(reference)
    return jnp.where(valid, jnp.broadcast_to(weights.astype(truth.dtype), truth.shape), 0.0)


def total(
    value: Float[Array, "time channel *place"], mask: Float[Array, "time channel *place"]
) -> Float[Array, "time channel"]:
    """Σ mask · value over places; what stands at places without weight is not read."""
    return jnp.sum(jnp.where(mask > 0, value * mask, 0.0), axis=tuple(range(2, mask.ndim)))


def label(value: Any) -> str:
    """A short text that names a module by its class and by the fields that differ from their defaults."""
    if isinstance(value, jax.Array | np.ndarray):
        array = np.ascontiguousarray(value)
        return array.item().__repr__() if array.ndim == 0 else hashlib.sha256(array.tobytes()).hexdigest()[:8]
    if isinstance(value, tuple | list):
        text = "(" + ", ".join(label(v) for v in value) + ")"
        return text if len(text) <= 24 else hashlib.sha256(text.encode()).hexdigest()[:8]
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return repr(value)
    shown = []
    for field in dataclasses.fields(value):
        given = getattr(value, field.name)
        if field.default is dataclasses.MISSING or fingerprint(given) != fingerprint(field.default):
            shown.append(f"{field.name}={label(given)}")
    return type(value).__name__ + (f"({', '.join(shown)})" if shown else "")
