"""Equations with a stiff linear part that is diagonal in some basis, and the schemes that solve that part exactly."""

import abc
from collections.abc import Callable

import equinox as eqx
from jaxtyping import Array, Float, Inexact, PyTree

from .base import AbstractSystem

Coefficients = Inexact[Array, "*modes"]
Nonlinear = Callable[[Coefficients, Array], Coefficients]


class AbstractSemilinear(AbstractSystem):
    """dĉ/dt = λ ĉ + N(ĉ, t): a differential equation whose linear part is a number for each coefficient.

    The state is the physical field x; ĉ = `transform(x)` are its coefficients, x = `inverse(ĉ)`. So any scheme can step
    it through `tendency`, and those of `AbstractExponentialScheme` without the limit that the stiff part sets.
    """

    @abc.abstractmethod
    def transform(self, field: Float[Array, "*grid"]) -> Coefficients:
        """Field to coefficients; may drop scales that the model does not resolve."""

    @abc.abstractmethod
    def inverse(self, coefficients: Coefficients) -> Float[Array, "*grid"]:
        """Coefficients to field."""

    @abc.abstractmethod
    def linear(self) -> Inexact[Array, "*modes"]:
        """λ, the shape of the coefficients, real or complex; a NumPy array as long as the parameters are numbers."""

    @abc.abstractmethod
    def nonlinear(
        self, coefficients: Coefficients, time: Float[Array, ""], *, forcing: PyTree | None, action: PyTree | None
    ) -> Coefficients:
        """N(ĉ, t), with everything that is imposed."""

    def tendency(
        self,
        state: Float[Array, "*grid"],
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
    ) -> Float[Array, "*grid"]:
        """Both parts, as a field."""
        coefficients = self.transform(state)
        rate = like(self.linear(), coefficients) * coefficients
        return self.inverse(rate + self.nonlinear(coefficients, time, forcing=forcing, action=action))


class AbstractExponentialScheme(eqx.Module):
    """A rule that takes one time step of a semilinear equation, its linear part by the exponential.

    Class-level facts: `order` (as for other schemes; `tests/order` measures it), `cite`.
    """

    order: eqx.AbstractClassVar[int]
    cite: eqx.AbstractClassVar[str]

    @abc.abstractmethod
    def advance(
        self,
        linear: Inexact[Array, "*modes"],
        nonlinear: Nonlinear,
        coefficients: Coefficients,
        time: Float[Array, ""],
        dt: float,
    ) -> Coefficients:
        """The coefficients at `time + dt`.

        **Arguments:**
        - `linear`: λ; weights are made in double precision when it is a NumPy array.
        - `nonlinear`: N(coefficients, time).
        - `coefficients`: at `time`, real or complex.
        - `time`, `dt`: in the unit of the equation.
        """


def like(weights: Inexact[Array, "*modes"], coefficients: Coefficients) -> Inexact[Array, "*modes"]:
    """Weights in the precision of the coefficients; real ones stay real."""
    return weights.astype(coefficients.dtype if weights.dtype.kind == "c" else coefficients.real.dtype)
