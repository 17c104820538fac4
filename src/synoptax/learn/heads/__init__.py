"""Predictive distributions: what the last layer of a network means, one distribution a file."""

from .base import AbstractHead as AbstractHead
from .bernoulli_gamma import BernoulliGamma as BernoulliGamma
from .gaussian import Gaussian as Gaussian
