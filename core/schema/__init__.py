"""Schemas as pure functions: read a document, validate data against it, say what a change would break.

The comparison is loaded when it is asked for: a recorder that validates need not pay for it.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from .document import SchemaDocument, canonical_json, digest_of, parse
from .validate import Problem, Validator, validator
from .versions import (
    BUMPS,
    Bump,
    Pin,
    base_of,
    bump_between,
    latest,
    line,
    next_version,
    order,
    parse_pin,
    parse_version,
    suffices,
)

if TYPE_CHECKING:
    from .compare import MODES, POLICIES, Counterexample, History, Reason, Verdict, compare, compare_history

_LATER = frozenset(
    {"MODES", "POLICIES", "Counterexample", "History", "Reason", "Verdict", "compare", "compare_history"}
)


class _Package(ModuleType):
    """`compare` is a function here, also after the import system has put the module of that name in its place."""

    def __getattr__(self, name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(".compare", __name__), name)

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value.compare if name == "compare" and isinstance(value, ModuleType) else value)


sys.modules[__name__].__class__ = _Package

__all__ = [
    "BUMPS",
    "MODES",
    "POLICIES",
    "Bump",
    "Counterexample",
    "History",
    "Pin",
    "Problem",
    "Reason",
    "SchemaDocument",
    "Validator",
    "Verdict",
    "base_of",
    "bump_between",
    "canonical_json",
    "compare",
    "compare_history",
    "digest_of",
    "latest",
    "line",
    "next_version",
    "order",
    "parse",
    "parse_pin",
    "parse_version",
    "suffices",
    "validator",
]
