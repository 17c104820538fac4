"""Experiments: cards, one way to run them, tuning, reports."""

from .base import AbstractCard as AbstractCard, AbstractTableCard as AbstractTableCard
from .cache import Cache as Cache
from .clock import Cost as Cost, measure as measure
from .emulation_table import EmulationTable as EmulationTable
from .experiment import Experiment as Experiment, run as run
from .figures import Bars as Bars, Figure as Figure, Line as Line, Lines as Lines, Maps as Maps
from .report import Report as Report, read as read, row as row, write as write
from .table import finish as finish, pooled as pooled
from .tune import (
    AbstractSearch as AbstractSearch,
    GridSearch as GridSearch,
    RandomSearch as RandomSearch,
    Tuned as Tuned,
    tune as tune,
    validation_score as validation_score,
)
