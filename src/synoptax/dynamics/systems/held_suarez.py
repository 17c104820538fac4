"""A dry planet with weather: primitive equations under Held-Suarez forcing. The only file that knows dinosaur."""

import functools
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from ...core import InputError
from ...fields import Axis, Grid
from ..base import AbstractDynamics
from .mountain import Mountain

State = dict[str, Float[Array, "..."]]

RANGES = (Mountain(45.0, 255.0, 2500.0, 15.0, 8.0), Mountain(33.0, 90.0, 4000.0, 9.0, 18.0))
LAPSE = 0.0065  # K/m, of the air column that the first surface pressure is computed with


class HeldSuarez(AbstractDynamics):
    """The dry general circulation: jets, storms and highs over idealised mountains, without seasons or days.

    Dζ/Dt, Dδ/Dt, DT/Dt, D ln pₛ/Dt: the primitive equations on σ levels, spectral in the horizontal, with Rayleigh
    friction below σ = 0.7 and relaxation of T towards a prescribed T_eq(φ, σ) in 4 to 40 days. Stepped by SIL3
    (explicit third, implicit second order); ∇⁸ diffusion of ζ, δ, T takes the smallest scale down in `diffusion`
    seconds; a constant added to ln pₛ keeps the mass of the air.

    The state is spectral. `project` shows u, v, T on all levels and pₛ on the Gaussian grid, which `lift` turns back;
    `weather` shows five familiar variables on a regular grid.

    When to use: plenty of weather-like data that anybody can make, with a known law. When not: anything with moisture,
    seasons, days, land and sea. Cost a step: T21 with 8 levels 3 ms of one core, T42 with 10 levels 25 ms.

    **Arguments:**
    - `truncation`: largest wavenumber; the grids have 32 x 64 points at 21 and 64 x 128 at 42.
    - `layers`: σ levels of equal thickness.
    - `dt`: seconds.
    - `diffusion`: e-folding time of the smallest scale, seconds.
    - `mountains`: what stands on the sphere; `()` for none.

    **Good values:** T21: 8 layers, dt 3600 s. T42: 10 layers, dt 1800 s. Statistics are steady after 100 to 200 days.

    **Fails when:** dt exceeds the limit that the jet sets (about 1.7 a / (U · truncation) seconds); single precision
    drifts by some 1e-7 a step in what is not mended, and the forcing hides it; a state of one's own over flat ground
    (`mountains=()`) holds a jet over the equator, where nothing slows it for hundreds of days.

    Reference: Held and Suarez (1994), doi:10.1175/1520-0477(1994)075<1825:APFTIO>2.0.CO;2.
    """

    truncation: int = eqx.field(static=True, default=42)
    layers: int = eqx.field(static=True, default=10)
    dt: float = eqx.field(static=True, default=1800.0)
    diffusion: float = eqx.field(static=True, default=8640.0)
    mountains: tuple[Mountain, ...] = eqx.field(static=True, default=RANGES)

    claims: ClassVar[frozenset[str]] = frozenset({"conserves_mass", "lift_inverts_project"})
    cite: ClassVar[str] = "Held and Suarez (1994), doi:10.1175/1520-0477(1994)075<1825:APFTIO>2.0.CO;2"

    variables: ClassVar[tuple[str, ...]] = ("u10", "v10", "t2m", "t850", "z500")
    units: ClassVar[tuple[str, ...]] = ("m s-1", "m s-1", "K", "K", "m2 s-2")

    def __check_init__(self) -> None:
        if self.truncation < 5 or self.layers < 2 or self.dt <= 0 or self.diffusion <= 0:
            raise InputError(
                "HeldSuarez needs a truncation of at least 5, two layers and positive times; given "
                f"T{self.truncation}, {self.layers} layers, dt {self.dt} s, diffusion {self.diffusion} s."
            )

    @classmethod
    def example(cls) -> "HeldSuarez":
        """A planet for tests."""
        return cls(truncation=10, layers=5, dt=3600.0)

    @property
    def grid(self) -> Grid:
        """The regular grid of `weather`: rows between the poles, columns from the meridian of Greenwich."""
        rows = 2 * _half_rows(self.truncation)
        lat = -90.0 + (np.arange(rows) + 0.5) * 180.0 / rows
        return Grid.latlon(lat, np.arange(2 * rows) * 180.0 / rows)

    @property
    def gaussian(self) -> Grid:
        """The grid of `project`; cell areas are the quadrature weights."""
        core = self._core()
        sines = np.concatenate([[-1.0], np.clip(np.cumsum(core.gauss_weights) - 1.0, -1.0, 1.0)])
        sines[-1] = 1.0
        lat = np.rad2deg(np.arcsin(core.gauss_sines))
        columns = 2 * len(lat)
        return Grid(
            Axis.of(lat, edges=np.rad2deg(np.arcsin(sines))),
            Axis.of(np.arange(columns) * 360.0 / columns, period=360.0),
        )

    def orography(self) -> np.ndarray:
        """Metres above sea level on `grid`, as the model resolves it."""
        return self._core().regular_orography

    def start(self, *, key: PRNGKeyArray) -> State:
        """Air in radiative equilibrium and a little noise; steady weather follows in 100 days, over flat ground in 300.

        Over mountains with balanced jets; flat ground begins at rest, as those jets reach over the equator.
        """
        with jax.numpy_rank_promotion("allow"):
            return self._core().start(key)

    def step(
        self,
        state: State,
        time: Float[Array, ""],
        *,
        forcing: PyTree | None = None,
        action: PyTree | None = None,
        key: PRNGKeyArray | None = None,
    ) -> State:
        """One step; the planet knows no time and takes no forcing."""
        del time, action, key
        if forcing is not None:
            raise InputError("HeldSuarez takes no forcing; leave it out.")
        with jax.numpy_rank_promotion("allow"):
            new = self._core().step(state)
        return {name: new[name].astype(value.dtype) for name, value in state.items()}

    def project(self, state: State) -> Float[Array, "channel lat lon"]:
        """u, v (m/s) and T (K) on all levels from the top down, then surface pressure (Pa), on `gaussian`."""
        with jax.numpy_rank_promotion("allow"):
            return self._core().project(state)

    def lift(self, field: Float[Array, "channel lat lon"], *, key: PRNGKeyArray | None = None) -> State:
        """The spectral state of a field; exact for fields that the truncation resolves."""
        del key
        with jax.numpy_rank_promotion("allow"):
            return self._core().lift(field)

    def weather(self, state: State) -> Float[Array, "5 lat lon"]:
        """`variables` on `grid`, by spectral synthesis at its points, without regridding.

        u10, v10 and t2m are those of the lowest level, σ = 1 − 1/(2 layers), some 400 m above ground: the planet has
        no surface layer. t850 and z500 (geopotential) are interpolated linearly in ln p; below ground, over mountains,
        t850 continues the gradient of the two lowest levels.
        """
        with jax.numpy_rank_promotion("allow"):
            return self._core().weather(state).astype(state["temperature"].dtype)

    def mass(self, state: State) -> Float[Array, ""]:
        """Mean surface pressure, Pa: the weight of the air."""
        with jax.numpy_rank_promotion("allow"):
            return self._core().pressure_scale * self._core().mean_pressure(state["pressure"])

    def _core(self) -> "_Core":
        return _core(self.truncation, self.layers, self.dt, self.diffusion, self.mountains)


def _half_rows(truncation: int) -> int:
    """Gaussian rows from equator to pole that keep quadratic terms free of aliasing."""
    return -(-(3 * truncation + 1) // 4)


@functools.lru_cache(maxsize=8)
def _core(truncation: int, layers: int, dt: float, diffusion: float, mountains: tuple[Mountain, ...]) -> "_Core":
    with jax.ensure_compile_time_eval(), jax.numpy_rank_promotion("allow"):
        return _Core(truncation, layers, dt, diffusion, mountains)


def _dinosaur() -> Any:
    """The dynamical core's modules in one namespace, imported when first needed."""
    try:
        import dinosaur
        from dinosaur import (  # noqa: F401
            coordinate_systems,
            held_suarez,
            primitive_equations,
            scales,
            sigma_coordinates,
            spherical_harmonic,
            time_integration,
        )
    except ImportError as error:
        raise InputError(
            f"HeldSuarez needs the dynamical core 'dinosaur', which is not installed ({error}); "
            "run: pip install 'synoptax[gcm]'."
        ) from error
    return dinosaur


class _Core:
    """Constants and transforms of one model, made once: dinosaur's objects behind functions of plain arrays."""

    def __init__(self, truncation: int, layers: int, dt: float, diffusion: float, mountains: tuple[Mountain, ...]):
        d = _dinosaur()
        self.dinosaur = d
        units = d.scales.units
        # pressures in bar make ln pₛ small: in dinosaur's kilograms it is near 60 and single precision hurts
        mass = (1e5 * units.pascal * d.scales.RADIUS / (2 * d.scales.OMEGA) ** 2).to(units.kilogram)
        scale = d.scales.Scale(d.scales.RADIUS, 1 / 2 / d.scales.OMEGA, mass, 1 * units.degK)
        self.specs = d.primitive_equations.PrimitiveEquationsSpecs.from_si(scale=scale)
        nodes = _half_rows(truncation)
        grid, sigma = d.spherical_harmonic.Grid, d.sigma_coordinates.SigmaCoordinates
        horizontal = grid.construct(truncation, nodes)
        self.coords = d.coordinate_systems.CoordinateSystem(horizontal=horizontal, vertical=sigma.equidistant(layers))
        self.regular = grid.construct(truncation, nodes, latitude_spacing="equiangular")
        self.sigma = np.asarray(self.coords.vertical.centers)
        self.gauss_sines = horizontal.nodal_axes[1]
        self.gauss_weights = (
            np.asarray(horizontal.spherical_harmonics.basis.w) * len(horizontal.nodal_axes[0]) / 2 / np.pi
        )
        self.speed = float(self.specs.dimensionalize(1.0, units.meter / units.second).magnitude)
        self.geopotential_scale = self.speed**2
        self.pressure_scale = float(self.specs.dimensionalize(1.0, units.pascal).magnitude)
        self.metre = float(self.specs.nondimensionalize(1.0 * units.meter))
        self.reference = np.full(layers, float(self.specs.nondimensionalize(288.0 * units.degK)))
        self.spectral_orography = self._orography(mountains)
        self.regular_orography = np.asarray(self._rows(self.regular.to_nodal(self.spectral_orography)) / self.metre)
        equations = d.primitive_equations.PrimitiveEquations(
            self.reference, self.spectral_orography, self.coords, self.specs
        )
        self.forcing = d.held_suarez.HeldSuarezForcing(self.coords, self.specs, self.reference)
        full = d.time_integration.compose_equations([equations, self.forcing])
        self.advance = d.time_integration.imex_rk_sil3(full, float(self.specs.nondimensionalize(dt * units.second)))
        damping = np.asarray(horizontal.laplacian_eigenvalues) / horizontal.laplacian_eigenvalues[truncation]
        self.damping = np.exp(-(dt / diffusion) * damping**4)
        self.damping[truncation + 1 :] = 0.0  # kept for derivatives; the forcing leaks into it

    def _orography(self, mountains: tuple[Mountain, ...]) -> np.ndarray:
        """Spectral heights, faded towards the truncation against ripples over the sea."""
        horizontal = self.coords.horizontal
        lon, sine = horizontal.nodal_mesh
        lat, lon = np.rad2deg(np.arcsin(sine)), np.rad2deg(lon)
        height = sum((m.elevation(lat, lon) for m in mountains), np.zeros_like(lat)) * self.metre
        modal = np.asarray(horizontal.clip_wavenumbers(horizontal.to_modal(height)))
        wave = np.asarray(horizontal.modal_axes[1]) / (horizontal.total_wavenumbers - 2)
        return modal * np.exp(-2.0 * wave**4)

    def _rows(self, nodal: Array) -> Array:
        """dinosaur's (..., lon, lat) to (..., lat, lon)."""
        return jnp.swapaxes(nodal, -1, -2)

    def _pack(self, state: State) -> Any:
        return self.dinosaur.primitive_equations.State(
            vorticity=state["vorticity"],
            divergence=state["divergence"],
            temperature_variation=state["temperature"],
            log_surface_pressure=state["pressure"],
        )

    def step(self, state: State) -> State:
        new = self.advance(self._pack(state))
        damping = self.damping.astype(state["temperature"].dtype)
        pressure = self.coords.horizontal.clip_wavenumbers(new.log_surface_pressure)
        surplus = jnp.log(self.mean_pressure(pressure) / state["mass"])
        constant = np.sqrt(4 * np.pi)  # spectral coefficient of the field that is one everywhere
        return {
            "vorticity": new.vorticity * damping,
            "divergence": new.divergence * damping,
            "temperature": new.temperature_variation * damping,
            "pressure": pressure.at[0, 0, 0].add(-constant * surplus),
            "mass": state["mass"],
        }

    def mean_pressure(self, spectral: Array) -> Array:
        nodal = jnp.exp(self.coords.horizontal.to_nodal(spectral[0]))
        weights = np.outer(np.ones(nodal.shape[0]), self.gauss_weights) / (2 * nodal.shape[0])
        return jnp.sum(nodal * weights.astype(nodal.dtype))

    def _wind(self, state: State, grid: Any) -> tuple[Array, Array]:
        d = self.dinosaur.spherical_harmonic
        vector = d.get_cos_lat_vector(state["vorticity"], state["divergence"], self.coords.horizontal, clip=False)
        u, v = (self._rows(grid.to_nodal(x) / grid.cos_lat) * self.speed for x in vector)
        return u, v

    def project(self, state: State) -> Array:
        horizontal = self.coords.horizontal
        u, v = self._wind(state, horizontal)
        t = self._rows(horizontal.to_nodal(state["temperature"])) + self.reference[:, None, None]
        p = jnp.exp(self._rows(horizontal.to_nodal(state["pressure"]))) * self.pressure_scale
        return jnp.concatenate([u, v, t, p]).astype(state["temperature"].dtype)

    def lift(self, field: Array) -> State:
        horizontal, dtype = self.coords.horizontal, field.dtype
        layers = len(self.sigma)
        nodal = self._rows(field)
        u, v = nodal[:layers] / self.speed, nodal[layers : 2 * layers] / self.speed
        vorticity, divergence = self.dinosaur.spherical_harmonic.uv_nodal_to_vor_div_modal(horizontal, u, v)
        temperature = horizontal.to_modal(nodal[2 * layers : -1] - self.reference[:, None, None].astype(dtype))
        pressure = horizontal.to_modal(jnp.log(nodal[-1:] / self.pressure_scale))
        return self._state(vorticity, divergence, temperature, pressure, dtype)

    def _state(self, vorticity: Array, divergence: Array, temperature: Array, pressure: Array, dtype: Any) -> State:
        """The four spectral fields without the wavenumber kept for derivatives, and the mass that steps hold on to."""
        state = {"vorticity": vorticity, "divergence": divergence, "temperature": temperature, "pressure": pressure}
        state = {name: self.coords.horizontal.clip_wavenumbers(value).astype(dtype) for name, value in state.items()}
        return {**state, "mass": self.mean_pressure(state["pressure"])}

    def weather(self, state: State) -> Array:
        lowest = {name: state[name][-1:] for name in ("vorticity", "divergence")}
        u, v = self._wind(lowest, self.regular)
        spectral = state["temperature"]
        t = self._rows(self.regular.to_nodal(spectral)) + self.reference[:, None, None]
        height = self.dinosaur.primitive_equations.get_geopotential(
            spectral, self.reference, self.spectral_orography, self.coords.vertical, self.specs.g, self.specs.R
        )
        z = self._rows(self.regular.to_nodal(height)) * self.geopotential_scale
        p = jnp.exp(self._rows(self.regular.to_nodal(state["pressure"]))[0]) * self.pressure_scale
        return jnp.stack([u[0], v[0], t[-1], self._at(85_000.0, t, p), self._at(50_000.0, z, p)])

    def _at(self, pressure: float, column: Array, surface: Array) -> Array:
        """Values at a pressure from values on σ levels, linear in ln p within and beyond the levels."""
        levels = np.log(self.sigma).astype(column.dtype)
        target = jnp.log(pressure / surface)
        below = jnp.clip(jnp.searchsorted(levels, target), 1, len(levels) - 1)
        low, high = jnp.asarray(levels)[below - 1], jnp.asarray(levels)[below]
        first = jnp.take_along_axis(column, below[None] - 1, axis=0)[0]
        second = jnp.take_along_axis(column, below[None], axis=0)[0]
        return first + (second - first) * (target - low) / (high - low)

    def start(self, key: PRNGKeyArray) -> State:
        horizontal, layers = self.coords.horizontal, len(self.sigma)
        lon, sine = horizontal.nodal_mesh
        lapse = LAPSE / self.metre
        column = 1.0 - lapse * np.asarray(horizontal.to_nodal(self.spectral_orography)) / self.reference[0]
        sea = 1e5 / self.pressure_scale
        pressure = sea * column ** (self.specs.g / (self.specs.R * lapse))
        temperature = np.asarray(self.forcing.equilibrium_temperature(jnp.full(lon.shape, sea)))
        noise = 0.5 * jax.random.normal(key, (layers, *lon.shape))
        modal = horizontal.to_modal(jnp.asarray(temperature) + noise - self.reference[:, None, None])
        flat = not np.any(self.spectral_orography)
        wind = 0.0 if flat else self._balanced(temperature[:, 0, :], sine[0])[:, None, :]
        u = jnp.asarray(np.broadcast_to(wind, temperature.shape))
        vorticity, divergence = self.dinosaur.spherical_harmonic.uv_nodal_to_vor_div_modal(
            horizontal, u, jnp.zeros_like(u)
        )
        logarithm = horizontal.to_modal(jnp.log(jnp.asarray(pressure)[None]))
        return self._state(vorticity, divergence, modal, logarithm, jnp.result_type(float))

    def _balanced(self, temperature: np.ndarray, sine: np.ndarray) -> np.ndarray:
        """Zonal wind [level, lat] in gradient balance over flat ground: u² tanφ / a + 2Ω sinφ u = −∂Φ/a∂φ."""
        p, cosine = self.dinosaur.primitive_equations, np.sqrt(1 - sine**2)
        weights = p.get_geopotential_weights(self.coords.vertical, self.specs.R)
        gradient = np.gradient(weights @ temperature, np.arcsin(sine), axis=1)
        omega, sincos = self.specs.angular_velocity, sine * cosine
        root = np.maximum(omega**2 - gradient / (self.specs.radius**2 * sincos), 0.0)
        return self.specs.radius * cosine * (np.sqrt(root) - omega)
