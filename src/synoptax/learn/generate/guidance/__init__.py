"""Guidance of denoisers, one a file."""

from .base import AbstractGuidance as AbstractGuidance
from .classifier_free import ClassifierFree as ClassifierFree
from .guided import Guided as Guided
from .likelihood import LikelihoodGuidance as LikelihoodGuidance
from .moment_matching import MomentMatching as MomentMatching
