"""From values at stations to values elsewhere, time by time, one method a file."""

from .base import AbstractMapping as AbstractMapping, on_sphere as on_sphere
from .calibrated import Calibrated as Calibrated
from .inverse_distance import InverseDistance as InverseDistance
from .kriging import Kriging as Kriging
from .nearest_station import NearestStation as NearestStation
from .smooth_climate import SmoothClimate as SmoothClimate
