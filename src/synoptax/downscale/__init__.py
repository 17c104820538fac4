"""Coarse fields to fine fields: one method a file, one line a method."""

from .base import (
    AbstractDeterministic as AbstractDeterministic,
    AbstractDownscaler as AbstractDownscaler,
    AbstractMethod as AbstractMethod,
)
