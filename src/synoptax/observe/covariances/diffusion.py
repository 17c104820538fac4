"""Correlations that go around coasts."""

from collections.abc import Callable
from typing import ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from ...core import InputError
from ...fields import Grid
from .base import AbstractCovariance
from .periodic import refuse

RADIUS = 6371.229  # kilometres


class Diffusion(AbstractCovariance):
    """Noise that was diffused: correlations of one length on a grid with coasts, poles or uneven cells.

    With cell areas W and the discrete −∇² (no flux through coasts and edges) in B = 1 − κ W^(1/2) ∇² W^(-1/2):
    L = Γ W^(-1/2) B⁻ᵐ, so that C = L Lᵀ has nearly Matérn correlations of smoothness 2m − 1. Γ makes the variance what
    it should be; the inverse needs stencils only. When to use: background and model error of oceans and regions. When
    not: periodic grids without coasts (`Periodic`), lengths that vary or correlations with lobes. Costs m solves by
    conjugate gradients per root, each of some 11 (single precision) or 20 (double) iterations times length / spacing,
    and `size` such roots once for Γ.

    **Arguments:**
    - `area`, `east`, `north`: of the cells, and κ times the conductance of their eastern and northern faces, all of
      shape (y, x).
    - `scale`: Γ, shape (y, x).
    - `steps`: m.

    `Diffusion.on` and `Diffusion.plane` make them.

    **Good values:** lengths of two to ten cells, m = 2.

    **Fails when:** the length is below a cell (white noise comes out) or a mask for missing entries is given, which it
    refuses: an observation error wants `Kernel`. On land every cell is on its own.

    Reference: Weaver and Courtier (2001), doi:10.1002/qj.49712757518; the implicit form is that of Mirouze and Weaver
    (2010), doi:10.1002/qj.643.
    """

    area: Float[Array, "y x"]
    east: Float[Array, "y x"]
    north: Float[Array, "y x"]
    scale: Float[Array, "y x"]
    steps: int = eqx.field(static=True, default=2)

    claims: ClassVar[frozenset[str]] = frozenset({"root_and_whiten_invert", "refuses_mask", "variance_is_diagonal"})
    cite: ClassVar[str] = "Mirouze and Weaver (2010), doi:10.1002/qj.643"

    @classmethod
    def on(
        cls,
        grid: Grid,
        *,
        length: float,
        mask: Bool[np.ndarray, "y x"] | None = None,
        variance: float | Float[np.ndarray, "y x"] = 1.0,
        steps: int = 2,
        draws: int | None = None,
    ) -> "Diffusion":
        """On a grid of the Earth (`length` in kilometres) or a projected one (in its unit, metres).

        **Arguments:**
        - `length`: Daley's, at which the parabola through the top of the correlation has fallen by half:
          ρ ≈ 1 − r² / (2 length²).
        - `mask`: True in the sea, shape (y, x).
        - `variance`: a number or shape (y, x).
        - `steps`: m, at least 2.
        - `draws`: None for an exact variance, which takes `size` roots; else estimated from so many draws, to within
          √(2 / draws).
        """
        x, y = np.asarray(grid.x.edges), np.asarray(grid.y.edges)
        if grid.spherical:
            rows = np.deg2rad(np.asarray(grid.y.centres))
            area = grid.areas() * RADIUS**2
            width = np.outer(np.maximum(np.cos(rows), 1e-3), np.deg2rad(np.diff(x))) * RADIUS
            height = np.broadcast_to(np.deg2rad(np.diff(y))[:, None] * RADIUS, area.shape)
            face = np.outer(np.cos(np.deg2rad(y[1:])), np.deg2rad(np.diff(x))) * RADIUS
        else:
            area, width = grid.areas(), np.broadcast_to(np.diff(x)[None], grid.shape)
            height = np.broadcast_to(np.diff(y)[:, None], grid.shape)
            face = width
        periodic = (False, grid.x.periodic)
        return _build(cls, area, (width, height, face), periodic, length, mask, variance, steps, draws)

    @classmethod
    def plane(
        cls,
        shape: tuple[int, int],
        *,
        length: float,
        periodic: tuple[bool, bool] = (False, False),
        mask: Bool[np.ndarray, "y x"] | None = None,
        variance: float | Float[np.ndarray, "y x"] = 1.0,
        steps: int = 2,
        draws: int | None = None,
    ) -> "Diffusion":
        """On a plane of square cells, `length` in cells; `periodic` along y and x."""
        ones = np.ones(shape)
        return _build(cls, ones, (ones, ones, ones), periodic, length, mask, variance, steps, draws)

    @classmethod
    def example(cls) -> "Diffusion":
        """Four by five cells with an island, periodic in x."""
        sea = np.ones((4, 5), bool)
        sea[1:3, 2] = False
        return cls.plane((4, 5), length=1.5, periodic=(False, True), mask=sea, variance=2.0)

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return self.area.size

    def root(self, vector: Float[Array, " size"]) -> Float[Array, " size"]:
        """Γ W^(-1/2) B⁻ᵐ z."""
        field = self._solved(vector.reshape(self.area.shape))
        return (self._of(self.scale, field) / jnp.sqrt(self._of(self.area, field)) * field).ravel()

    def whiten(
        self, vector: Float[Array, " size"], *, mask: Bool[Array, " size"] | None = None
    ) -> Float[Array, " size"]:
        """Bᵐ W^(1/2) Γ⁻¹ v; refuses a mask."""
        refuse(mask, "Diffusion")
        field = vector.reshape(self.area.shape)
        field = jnp.sqrt(self._of(self.area, field)) / self._of(self.scale, field) * field
        for _ in range(self.steps):
            field = self._operator(field)
        return field.ravel()

    def variances(self) -> Float[Array, " size"]:
        """The diagonal. Cost: `size` roots."""
        return _variances(self)

    def _operator(self, field: Float[Array, "y x"]) -> Float[Array, "y x"]:
        """B: the identity minus the divergence of the fluxes, symmetric."""
        half = jnp.sqrt(self._of(self.area, field))
        value = field / half
        eastward = self._of(self.east, field) * (jnp.roll(value, -1, 1) - value)
        northward = self._of(self.north, field) * (jnp.roll(value, -1, 0) - value)
        gain = eastward - jnp.roll(eastward, 1, 1) + northward - jnp.roll(northward, 1, 0)
        return field - gain / half

    def _solved(self, field: Float[Array, "y x"]) -> Float[Array, "y x"]:
        """B⁻ᵐ, by conjugate gradients; the derivative is another solve, not that of the iterations."""
        for _ in range(self.steps):
            field = jax.lax.custom_linear_solve(self._operator, field, _conjugate_gradients, symmetric=True)
        return field

    def _of(self, weights: Array, field: Array) -> Array:
        return weights.astype(field.dtype)


def _conjugate_gradients(operator: Callable[[Array], Array], wanted: Float[Array, "y x"]) -> Float[Array, "y x"]:
    """Solves for a symmetric, positive definite operator, until the residual is rounding."""
    small = (1e-13 if wanted.dtype == jnp.float64 else 1e-7) ** 2
    first = jnp.sum(wanted**2)

    def unfinished(carry: tuple) -> Array:
        _, _, _, left, count = carry
        return (left > small * first) & (count < 2000)

    def one(carry: tuple) -> tuple:
        found, rest, along, left, count = carry
        pushed = operator(along)
        share = left / jnp.sum(along * pushed)
        found, rest = found + share * along, rest - share * pushed
        now = jnp.sum(rest**2)
        return found, rest, rest + (now / left) * along, now, count + 1

    return jax.lax.while_loop(unfinished, one, (jnp.zeros_like(wanted), wanted, wanted, first, 0))[0]


def _build(cls, area, sides, periodic, length, mask, variance, steps, draws) -> Diffusion:
    """Conductances times κ, then the variance of what they give."""
    if not length > 0 or steps < 2:
        raise InputError(f"Diffusion needs a positive length and at least two steps; given {length} and {steps}.")
    sea = np.ones(area.shape, bool) if mask is None else np.asarray(mask, bool)
    if sea.shape != area.shape:
        raise InputError(f"The mask has shape {sea.shape} and the grid {area.shape}; they must be equal.")
    width, height, face = sides
    kappa = length**2 / (4 * steps - 4)  # Daley's length of Matérn correlations in two dimensions
    east = kappa * height * 2 / (width + np.roll(width, -1, 1)) * (sea & np.roll(sea, -1, 1))
    north = kappa * face * 2 / (height + np.roll(height, -1, 0)) * (sea & np.roll(sea, -1, 0))
    if not periodic[1]:
        east[:, -1] = 0.0
    if not periodic[0]:
        north[-1] = 0.0
    arrays = (jnp.asarray(a, jnp.result_type(float)) for a in (area, east, north, np.ones(area.shape)))
    plain = cls(*arrays, steps)
    found = _variances(plain) if draws is None else _estimated(plain, draws)
    scale = jnp.sqrt(jnp.broadcast_to(jnp.asarray(variance, found.dtype), area.shape) / found.reshape(area.shape))
    return eqx.tree_at(lambda d: d.scale, plain, scale)


@eqx.filter_jit
def _variances(covariance: Diffusion) -> Float[Array, " size"]:
    """|Lᵀ e|² for every unit vector e: as B is symmetric, what B⁻ᵐ makes of it, scaled."""
    shape = covariance.area.shape

    def one(index: Array) -> Array:
        unit = jnp.zeros(covariance.size, covariance.area.dtype).at[index].set(1.0)
        return jnp.sum(covariance._solved(unit.reshape(shape)) ** 2)

    found = jax.lax.map(one, jnp.arange(covariance.size), batch_size=64)
    return found * (covariance.scale**2 / covariance.area).ravel()


@eqx.filter_jit
def _estimated(covariance: Diffusion, draws: int) -> Float[Array, " size"]:
    noise = jax.random.normal(jax.random.key(0), (draws, covariance.size), covariance.area.dtype)
    return jnp.mean(jax.lax.map(covariance.root, noise, batch_size=64) ** 2, axis=0)
