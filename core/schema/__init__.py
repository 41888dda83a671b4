"""Schemas as pure functions: read a document, validate data against it, say what a change would break."""

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

__all__ = [
    "BUMPS",
    "Bump",
    "Pin",
    "Problem",
    "SchemaDocument",
    "Validator",
    "base_of",
    "bump_between",
    "canonical_json",
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
