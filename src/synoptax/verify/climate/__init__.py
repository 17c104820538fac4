"""Measures of a long run against a long record: they compare climates, never two states at one time."""

from .autocorrelation import autocorrelation as autocorrelation, autocorrelation_distance as autocorrelation_distance
from .horizons import (
    correlation_horizon as correlation_horizon,
    error_horizon as error_horizon,
    stability_horizon as stability_horizon,
)
from .lyapunov import LyapunovSpectrum as LyapunovSpectrum, lyapunov_spectrum as lyapunov_spectrum
from .marginals import total_variation as total_variation, wasserstein as wasserstein
from .spectra import spectral_distance as spectral_distance
