"""Noising processes, one a file."""

from .base import AbstractProcess as AbstractProcess, Preconditioning as Preconditioning
from .edm import EDM as EDM
from .flow_matching import FlowMatching as FlowMatching
from .variance_preserving import VariancePreserving as VariancePreserving
