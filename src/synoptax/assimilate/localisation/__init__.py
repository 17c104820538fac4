"""How observations lose influence with distance: tapers, and the spaces in which distances are measured."""

from .base import AbstractSpace as AbstractSpace, AbstractTaper as AbstractTaper
from .boxcar import Boxcar as Boxcar
from .circle import Circle as Circle
from .gaspari_cohn import GaspariCohn as GaspariCohn
from .gaussian_taper import GaussianTaper as GaussianTaper
from .line import Line as Line
from .localisation import Localisation as Localisation
from .plane import Plane as Plane
from .sphere import Sphere as Sphere
from .torus import Torus as Torus
