"""The Arrow block of a flat payload: a column for each field, so that steps and episodes are a table anywhere.

Values of any type are columns of msgpack bytes, as `core.values` writes them; maps have text keys and such values.
Fields that count microseconds since 1970 are timestamps in UTC.
"""

from __future__ import annotations

import typing
from typing import Any, Literal, get_args, get_origin

import msgspec

VALUE = {"name": "binary"}
_PLAIN: dict[Any, dict[str, Any]] = {
    int: {"name": "int64"},
    float: {"name": "float64"},
    bool: {"name": "bool"},
    str: {"name": "utf8"},
    bytes: {"name": "binary"},
    Any: VALUE,
}


def arrow_of(struct: type[msgspec.Struct]) -> dict[str, Any]:
    """The block of a struct whose fields are plain. ValueError for a field that no column holds."""
    hints = typing.get_type_hints(struct)
    fields = [_field("payload_version", {"name": "int32"}, False)]
    for field in msgspec.structs.fields(struct):
        kinds = _kinds(hints[field.name])
        nullable = type(None) in kinds or Any in kinds
        column = {"name": "timestamp", "unit": "us", "timezone": "UTC"} if field.name.endswith("_us") else _type(kinds)
        fields.append(_field(field.encode_name, column, nullable or not field.required))
    return {"fields": fields}


def _field(name: str, type: dict[str, Any], nullable: bool) -> dict[str, Any]:
    return {"name": name, "type": type, "nullable": nullable}


def _kinds(hint: Any) -> list[Any]:
    """What a union is of, unions inside it opened; the words that stand for numbers in JSON are none."""
    if get_origin(hint) is Literal:
        return [str]
    if get_args(hint) and get_origin(hint) not in (dict, list, tuple):
        found = [kind for part in get_args(hint) for kind in _kinds(part)]
        return [kind for kind in found if not (kind is str and float in found)]
    return [hint]


def _type(kinds: list[Any]) -> dict[str, Any]:
    (kind,) = [kind for kind in kinds if kind is not type(None)]
    if get_origin(kind) is dict:
        return {"name": "map", "key": {"name": "utf8"}, "item": VALUE}
    if get_origin(kind) in (list, tuple):
        return {"name": "list", "item": _PLAIN[get_args(kind)[0]]}
    if kind not in _PLAIN:
        raise ValueError(f"{kind} has no column.")
    return _PLAIN[kind]
