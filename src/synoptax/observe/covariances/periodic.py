"""Homogeneous covariances on grids that close on themselves."""

from typing import ClassVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from .base import AbstractCovariance
from .correlations import AbstractCorrelation, Matern


class Periodic(AbstractCovariance):
    """The same correlations everywhere on a periodic line or plane: C = F* diag(s) F, by fast Fourier transform.

    L = F* diag(√s) F is symmetric. When to use: background and model error on periodic grids of any size. When not:
    coasts, edges, missing entries. Costs two transforms per application.

    **Arguments:**
    - `spectrum`: s, positive variances of the Fourier modes, the shape of `rfftn` of the grid; `Periodic.of` makes it
      from a correlation, `Periodic.estimated` from states.
    - `shape`: of the grid; entries of vectors are in its order.

    **Good values:** `Periodic.of((40,), Matern(2.0), variance=0.2)`.

    **Fails when:** a mask is given: entries that are left out destroy the symmetry that the transform lives on, and it
    refuses. Lengths beyond a quarter of the domain leave correlations that the domain closes upon themselves.

    Reference: Gaspari and Cohn (1999), doi:10.1002/qj.49712555417.
    """

    spectrum: Float[Array, "*modes"]
    shape: tuple[int, ...] = eqx.field(static=True)

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "refuses_mask", "variance_is_diagonal"})
    cite: ClassVar[str] = "Gaspari and Cohn (1999), doi:10.1002/qj.49712555417"

    def __check_init__(self) -> None:
        modes = (*self.shape[:-1], self.shape[-1] // 2 + 1)
        if self.spectrum.shape != modes:
            raise InputError(
                f"A periodic grid of shape {self.shape} has {modes} Fourier modes; given a spectrum of shape "
                f"{self.spectrum.shape}. Make it with Periodic.of or Periodic.estimated."
            )

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        correlation: AbstractCorrelation,
        *,
        variance: float = 1.0,
        spacing: float | tuple[float, ...] = 1.0,
        floor: float = 1e-6,
    ) -> "Periodic":
        """From a correlation and a variance.

        **Arguments:**
        - `shape`: of the grid, (points,) or (rows, columns).
        - `correlation`: as a function of distance.
        - `variance`: of every entry.
        - `spacing`: between points, in the unit of the correlation's length; one for each axis if they differ.
        - `floor`: least share of the largest variance that a mode keeps, so that the inverse stays tame.
        """
        steps = (float(spacing),) * len(shape) if isinstance(spacing, int | float) else spacing
        if len(shape) not in (1, 2) or len(steps) != len(shape) or min(shape) < 2:
            raise InputError(f"Periodic needs one or two axes and a spacing for each; given {shape} and {steps}.")
        away = [np.minimum(np.arange(n), n - np.arange(n)) * d for n, d in zip(shape, steps, strict=True)]
        square = sum(a**2 for a in np.meshgrid(*away, indexing="ij"))
        return _normalised(jnp.fft.rfftn(correlation(jnp.sqrt(jnp.asarray(square)))).real, shape, variance, floor)

    @classmethod
    def estimated(cls, states: Float[Array, "case *grid"], *, floor: float = 1e-6) -> "Periodic":
        """From states or errors, a leading axis of cases: their mean spectrum, and so their mean variance."""
        if states.ndim not in (2, 3) or states.shape[0] < 2:
            raise InputError(f"States need shape (case, x) or (case, y, x), two cases at least; given {states.shape}.")
        apart = states - jnp.mean(states, axis=0)[None]
        axes = tuple(range(1, states.ndim))
        power = jnp.sum(jnp.abs(jnp.fft.rfftn(apart, axes=axes)) ** 2, axis=0)
        variance = jnp.sum(apart**2) / apart[0].size / (states.shape[0] - 1)
        return _normalised(power, states.shape[1:], variance, floor)

    @classmethod
    def example(cls) -> "Periodic":
        """A plane of three by four points."""
        return cls.of((3, 4), Matern(1.0), variance=2.0)

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return int(np.prod(self.shape))

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """F* √s F z."""
        return _filtered(vector, jnp.sqrt(self.spectrum), self.shape)

    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """F* F v / √s; refuses a mask."""
        refuse(mask, "Periodic")
        return _filtered(vector, 1.0 / jnp.sqrt(self.spectrum), self.shape)

    def variances(self) -> Float[Array, " size"]:
        """The same number everywhere."""
        return jnp.full(self.size, _variance(self.spectrum, self.shape))


def refuse(mask: Bool[Array, " size"] | None, who: str) -> None:
    """Raises when entries are to be left out of a covariance that cannot do without them."""
    if mask is not None:
        raise InputError(
            f"{who} cannot leave entries out, and a mask was given, as it is for observation errors; use it for the "
            "errors of fields, and Dense, Kernel or Diagonal for those of observations."
        )


def _normalised(power: Array, shape: tuple[int, ...], variance: float | Array, floor: float) -> Periodic:
    kept = jnp.maximum(power, floor * jnp.max(power))
    return Periodic(kept * (variance / _variance(kept, shape)), tuple(shape))


def _variance(spectrum: Array, shape: tuple[int, ...]) -> Array:
    return jnp.ravel(jnp.fft.irfftn(spectrum, s=shape, axes=tuple(range(len(shape)))))[0]


def _filtered(vector: Array, weights: Array, shape: tuple[int, ...]) -> Array:
    modes = jnp.fft.rfftn(vector.reshape(shape))
    return jnp.fft.irfftn(weights.astype(vector.dtype) * modes, s=shape, axes=tuple(range(len(shape)))).ravel()
