"""The type of this folder: numbers without bounds become the parameters of a distribution."""

import abc
from collections.abc import Callable

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray


class AbstractHead(eqx.Module):
    """A family of distributions of one number, with `size` parameters that a network gives as plain reals, `raw`.

    Every method takes `raw` with the parameters on its last axis and works element by element on the others; whatever
    reals come in, the distribution is a valid one.
    """

    size: eqx.AbstractClassVar[int]

    @property
    @abc.abstractmethod
    def floor(self) -> float | None:
        """The value from which on an event has occurred, where a dry (zero) case has a probability of its own."""

    @abc.abstractmethod
    def mapped(self, change: Callable[[float], float]) -> "AbstractHead":
        """The same family for values in other units; `change` takes an old value to a new one."""

    @abc.abstractmethod
    def start(self, values: Float[np.ndarray, " sample"]) -> Float[np.ndarray, " size"]:
        """Raw parameters that suit finite sample values: where training begins."""

    @abc.abstractmethod
    def log_prob(self, raw: Float[Array, "*place size"], value: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """Log of the density (of the probability, at a point that has one)."""

    @abc.abstractmethod
    def mean(self, raw: Float[Array, "*place size"]) -> Float[Array, "*place"]:
        """The expectation."""

    @abc.abstractmethod
    def variance(self, raw: Float[Array, "*place size"]) -> Float[Array, "*place"]:
        """The variance."""

    @abc.abstractmethod
    def cdf(self, raw: Float[Array, "*place size"], value: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """The probability of `value` or less."""

    @abc.abstractmethod
    def quantile(self, raw: Float[Array, "*place size"], level: Float[Array, "*place"]) -> Float[Array, "*place"]:
        """The inverse of `cdf` for levels in (0, 1)."""

    @abc.abstractmethod
    def sample(
        self, raw: Float[Array, "*place size"], *, key: PRNGKeyArray, count: int
    ) -> Float[Array, "member *place"]:
        """`count` independent draws; places are independent of each other, too."""

    @abc.abstractmethod
    def rank(
        self, raw: Float[Array, "*place size"], value: Float[Array, "*place"], tie: Float[Array, "*place"]
    ) -> Float[Array, "*place"]:
        """Where `value` lies, uniform in (0, 1) if it comes from the distribution; `tie` in (0, 1) splits ties."""
