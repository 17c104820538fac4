"""The types of this folder: an analysis turns a belief and a window of observations into a better belief."""

import abc

import equinox as eqx
from jaxtyping import Array, Float, Int, PRNGKeyArray, PyTree

from ..dynamics import AbstractDynamics
from ..observe import AbstractObservation
from ..records import Estimate, Gaussian, Window


class Update(eqx.Module):
    """What one analysis returns.

    **Arguments:**
    - `belief`: for the next window to begin with.
    - `forecast`, `analysis`: fields at the newest time of observation, before and after its observations were used.
    - `smoothed`: the field at the oldest time of the window, with all observations of the window; for filters the
      analysis.
    - `diagnostics`: name to scalar.
    - `status`: a `Status` code.
    """

    belief: PyTree
    forecast: Estimate
    analysis: Estimate
    smoothed: Estimate
    diagnostics: dict[str, Float[Array, ""]]
    status: Int[Array, ""]


class AbstractAnalysis(eqx.Module):
    """A way to learn from observations. Fields are settings; beliefs are arguments.

    Class-level facts: `claims` (promises that `tests/laws` checks), `cite` and `example()`.
    """

    claims: eqx.AbstractClassVar[frozenset[str]]
    cite: eqx.AbstractClassVar[str]

    @classmethod
    @abc.abstractmethod
    def example(cls) -> "AbstractAnalysis":
        """A small instance for states of up to eight numbers."""

    @property
    @abc.abstractmethod
    def length(self) -> int:
        """Times of observation in a window; windows advance by one time."""

    @abc.abstractmethod
    def start(self, prior: Gaussian, *, key: PRNGKeyArray) -> PyTree:
        """The belief before the first window."""

    @abc.abstractmethod
    def update(
        self,
        belief: PyTree,
        window: Window,
        dynamics: AbstractDynamics,
        operator: AbstractObservation,
        *,
        key: PRNGKeyArray,
    ) -> Update:
        """One analysis.

        **Arguments:**
        - `belief`: at `window.start`.
        - `window`: observations after it.
        - `dynamics`: the model that the method believes in; the truth may follow another.
        """
