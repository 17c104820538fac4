"""What a report can draw, as data: `show` turns each kind into a picture."""

import dataclasses

import numpy as np

from ..fields import Place


@dataclasses.dataclass(frozen=True)
class Maps:
    """Fields side by side on one place.

    **Arguments:**
    - `title`, `unit`: shown as they are.
    - `place`: grid or stations.
    - `panels`: label to array of the place's shape; they share one colour scale.
    - `errors`: label to array; they share a scale symmetric about zero.
    - `axes`: labels across and up, where the place is no map.
    """

    title: str
    unit: str
    place: Place
    panels: dict[str, np.ndarray]
    errors: dict[str, np.ndarray] = dataclasses.field(default_factory=dict)
    axes: tuple[str, str] | None = None


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a figure, with an optional band.

    **Arguments:**
    - `x`, `y`: shape (point,).
    - `low`, `high`: shape (point,), or None without a band.
    """

    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Lines:
    """Lines over one pair of axes: spectra, training curves, label efficiency.

    **Arguments:**
    - `x`, `y`: axis labels with units.
    - `lines`: label to line.
    - `log_x`, `log_y`: logarithmic axes.
    - `within`: least and most of the vertical axis; what goes beyond is cut. None shows all.
    """

    title: str
    x: str
    y: str
    lines: dict[str, Line]
    log_x: bool = False
    log_y: bool = False
    within: tuple[float, float] | None = None


@dataclasses.dataclass(frozen=True)
class Bars:
    """Histograms side by side, such as rank histograms; the dashed line is where a flat one would be.

    **Arguments:**
    - `bars`: label to shape (bin,), shares that sum to one.
    """

    title: str
    x: str
    bars: dict[str, np.ndarray]


Figure = Maps | Lines | Bars
