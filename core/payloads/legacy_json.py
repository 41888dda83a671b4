"""Reading the JSON of version 0: as lenient as its writers were, and saying where reading lost something.

NaN and the infinities are written as bare words, integers are of any size, and nobody minds a key that stands twice.
Names of fields come in snake_case, or in camelCase where a protobuf library wrote them.
"""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from ..errors import PayloadError

_CAMEL = re.compile(r"(?<=[a-z0-9])([A-Z])")


class Read(NamedTuple):
    """A JSON object, and whether reading it kept all: no key twice, no number of more digits than a double has."""

    fields: dict[str, Any]
    exact: bool


def read_object(raw: bytes | memoryview | str) -> Read:
    """The JSON object of these bytes; PayloadError where there is none."""
    lost: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) != len(items):
            lost.append("a key stands twice")
        return found

    def number(text: str) -> float:
        value = float(text)
        if math.isinf(value) or (len(text) > 17 and not _same(text, value)):
            lost.append(text)
        return value

    try:
        text = raw if isinstance(raw, str) else bytes(raw).decode("utf-8-sig")
        content = json.loads(text, object_pairs_hook=pairs, parse_float=number)
    except UnicodeDecodeError as error:
        raise PayloadError(f"A legacy payload is no text in UTF-8: {error.reason}.", _REMEDY) from error
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"A legacy payload is no JSON: {error}.", _REMEDY) from error
    if not isinstance(content, dict):
        raise PayloadError(f"A legacy payload is a JSON object, not a {type(content).__name__}.", _REMEDY)
    return Read(content, not lost)


_REMEDY = "One JSON object a line is read; `cornerman schema infer FILE` looks at other data."


def snake(fields: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """The same fields with camelCase names as the known ones they mean; of two that meet, both stay as they came."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        plain = name if name in known else _CAMEL.sub(lambda letter: "_" + letter[1].lower(), name)
        found[plain if plain != name and plain in known and plain not in fields else name] = value
    return found


def unpacked(text: str) -> tuple[Any, bool]:
    """JSON inside a JSON text, and whether the text can be written again from it; ValueError where it is none."""
    lost: list[str] = []
    try:
        value = json.loads(text, parse_float=lambda number: _exact(number, lost))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    again = {json.dumps(value), json.dumps(value, separators=(",", ":")), json.dumps(value, ensure_ascii=False)}
    again.add(json.dumps(value, separators=(",", ":"), ensure_ascii=False))
    return value, text.strip() in again and not lost


def _exact(text: str, lost: list[str]) -> float:
    value = float(text)
    if not _same(text, value):
        lost.append(text)
    return value


def _same(text: str, value: float) -> bool:
    """Whether a double is the number that was written, to the last digit a double is written with."""
    try:
        return math.isfinite(value) and Decimal(text) == Decimal(repr(value))
    except InvalidOperation:
        return False
