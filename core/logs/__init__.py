"""Log records as data: what one is, how a filter is written, what a store of them answers. No SQL, no screen."""

from __future__ import annotations

from .filter import LogFilter, Term
from .records import Facet, Facets, LogEntry, Span, Timeline

__all__ = ["Facet", "Facets", "LogEntry", "LogFilter", "Span", "Term", "Timeline"]
