"""The lines that programs write, understood: which format, how serious, when, by whom, about what.

Pure functions of bytes: no process, no store, no clock. Lines never raise and are never thrown away: what no recogniser
knows is kept as it came.
"""

from __future__ import annotations

from .lines import CAP, Line, LineSplitter
from .output import Context, OutputLines, original
from .parsed import Moment, Parsed, Recogniser
from .recognise import names, recognise

__all__ = [
    "CAP",
    "Context",
    "Line",
    "LineSplitter",
    "Moment",
    "OutputLines",
    "Parsed",
    "Recogniser",
    "names",
    "original",
    "recognise",
]
