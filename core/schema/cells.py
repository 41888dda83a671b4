"""What the text in a cell of CSV means: the one grammar that inference proposes types by and import reads them by.

CSV has no types, so two programs that read one file disagree. Here a cell is a number only where JSON would write it
so, give or take a sign: `007` and `1_000` stay text, because a number would not give them back.

    [+-]0 or [+-][1-9][0-9]*                     an integer
    the same with a fraction, an exponent        a number
    NaN, inf, Infinity, with a sign, any case    a number that JSON does not have
    true, false, any case                        a boolean
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

INTEGER: Final = "integer"
NUMBER: Final = "number"
NOT_FINITE: Final = "not finite"
BOOLEAN: Final = "boolean"
LEADING_ZERO: Final = "leading zero"
TEXT: Final = "text"
EMPTY: Final = "empty"

_TOKEN = re.compile(
    r"\s*(?:(?P<integer>[+-]?(?:0|[1-9][0-9]{0,307}))"
    r"|(?P<leading_zero>[+-]?0[0-9]+)"
    r"|(?P<number>[+-]?(?:(?:0|[1-9][0-9]{0,307})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<not_finite>[+-]?(?i:nan|inf|infinity))"
    r"|(?P<boolean>(?i:true|false)))\s*",
    re.ASCII,
)


def token(cell: str) -> str:
    """What a cell looks like, on its own: INTEGER, NUMBER, NOT_FINITE, BOOLEAN, LEADING_ZERO, TEXT or EMPTY."""
    if not cell:
        return EMPTY
    found = _TOKEN.fullmatch(cell)
    return TEXT if found is None else str(found.lastgroup).replace("_", " ")


class CellTypes:
    """Reads the cells of a row as the types that a schema gives to their columns.

    What the types do not allow stays text, so that the validator refuses it with the text in its answer. An empty cell
    is null where null is allowed, else it is left out where the column may be, else it is the empty text.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._properties = _properties(schema, schema)
        self._required = frozenset(schema.get("required", ()))
        self._root = schema
        self._types: dict[str, frozenset[str]] = {}

    def __call__(self, row: Mapping[str, str]) -> dict[str, Any]:
        typed = {}
        for name, cell in row.items():
            types = self._types.get(name)
            if types is None:
                types = self._types[name] = types_of(self._properties.get(name, True), self._root)
            if cell:
                typed[name] = read(cell, types)
            elif "null" in types:
                typed[name] = None
            elif name in self._required and "string" in types:
                typed[name] = ""
        return typed


def read(cell: str, types: frozenset[str]) -> Any:
    """A cell that is not empty, as the first of `types` that its text is; the text itself where none is."""
    kind = token(cell)
    if kind == INTEGER and ("integer" in types or "number" in types):
        return int(cell)
    if kind in (INTEGER, NUMBER, NOT_FINITE) and "number" in types:
        return float(cell)
    if "boolean" in types:
        if kind == BOOLEAN:
            return cell.strip().lower() == "true"
        if cell in ("0", "1"):
            return cell == "1"
    if (cell[0] == "[" and "array" in types) or (cell[0] == "{" and "object" in types):
        try:
            return json.loads(cell)
        except (ValueError, RecursionError):
            return cell
    return cell


ALL_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})
_BY_PYTHON: dict[type, str] = {
    type(None): "null", bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object",
}  # fmt: skip


def types_of(schema: Any, root: Mapping[str, Any], depth: int = 0) -> frozenset[str]:
    """The JSON types that a schema may allow, or more; every type where it does not say."""
    if not isinstance(schema, dict) or depth > 16:
        return ALL_TYPES
    if "$ref" in schema:
        return types_of(_target(schema["$ref"], root), root, depth + 1)
    allowed = ALL_TYPES
    if "type" in schema:
        named = schema["type"]
        allowed &= _with_integers([named] if isinstance(named, str) else named)
    if "enum" in schema:
        allowed &= _with_integers(_BY_PYTHON.get(type(value), "string") for value in schema["enum"])
    if "const" in schema:
        allowed &= _with_integers([_BY_PYTHON.get(type(schema["const"]), "string")])
    for word in ("anyOf", "oneOf"):
        if word in schema:
            allowed &= frozenset().union(*(types_of(branch, root, depth + 1) for branch in schema[word]))
    for branch in schema.get("allOf", ()):
        allowed &= types_of(branch, root, depth + 1)
    return allowed


def _with_integers(types: Iterable[str]) -> frozenset[str]:
    """A schema that allows numbers allows integers."""
    named = frozenset(types)
    return named | {"integer"} if "number" in named else named


def _properties(schema: Any, root: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """The properties that a schema names, also where it does so through `$ref` or `allOf`."""
    if not isinstance(schema, dict) or depth > 16:
        return {}
    if "$ref" in schema:
        return _properties(_target(schema["$ref"], root), root, depth + 1)
    found: dict[str, Any] = {}
    for branch in schema.get("allOf", ()):
        found |= _properties(branch, root, depth + 1)
    return found | dict(schema.get("properties", {}))


def _target(reference: Any, root: Mapping[str, Any]) -> Any:
    """What a reference inside the document points to; True, which allows all, where it points elsewhere."""
    if reference == "#":
        return root
    if not isinstance(reference, str) or not reference.startswith("#/"):
        return True
    place: Any = root
    for part in reference[2:].split("/"):
        part = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(place, dict) or part not in place:
            return True
        place = place[part]
    return place
