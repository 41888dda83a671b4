"""JSON as it stands in lines: strict, or as Python writes it (NaN), and nothing in it that a record cannot keep."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

_HALF_CHARACTER = re.compile(r"\\u[dD][89abAB]")
_LONG_NUMBER = re.compile(r"\d{18}")
_DECODER = msgspec.json.Decoder()
_LARGEST = 2**63


def decoded(text: str) -> dict[str, Any] | None:
    """The object that a text is; None where it is none."""
    try:
        found = _DECODER.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        try:
            found = json.loads(text)  # NaN and Infinity
        except (ValueError, RecursionError):
            return None
    if not isinstance(found, dict):
        return None
    odd = ("\\u" in text and _HALF_CHARACTER.search(text)) or _LONG_NUMBER.search(text)
    return _storable(found) if odd else found


def _storable(value: Any) -> Any:
    """Halves of surrogate pairs and numbers beyond 64 bits, as text that can be kept."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, int) and not -_LARGEST <= value < _LARGEST:
        return hex(value)
    return value
