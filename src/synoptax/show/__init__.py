"""Pictures and the HTML report."""

from .figures import draw as draw, write_figures as write_figures
from .html import render as render
