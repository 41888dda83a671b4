"""Any Python value as JSON and back: what JSON lacks travels as an object that says what it is.

    {"__type__": "float", "value": "nan"}                       NaN (which one is not kept), infinities
    {"__type__": "ndarray", "dtype": "<f4", "shape": [4], "encoding": "base64", "data": "…"}
    {"__type__": "scalar", "dtype": "<f4", "data": "…"}         a NumPy scalar
    {"__type__": "bytes", "data": "…"}   {"__type__": "tuple", "data": [...]}   {"__type__": "set", "data": [...]}
    {"__type__": "datetime", "value": "2026-11-21T10:20:30+00:00"}
    {"__type__": "integer", "value": "…"}                       beyond 64 bits
    {"__type__": "complex", "data": [real, imag]}
    {"__type__": "map", "data": [[key, value], …]}              keys that are not all text, or one called __type__
    {"__type__": "other", "name": "…", "text": "…"}             kept for reading, not rebuilt

The first five are what older producers of such JSON write, so theirs is read as well. A tag that does not hold what it
promises is left as it came: nothing is refused, and nothing but the named types is ever built.
"""

from __future__ import annotations

import base64
import datetime
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .values import Unencodable

TAG = "__type__"
_MAX_DEPTH = 64


def to_json(value: Any, depth: int = 0) -> Any:
    """`value` out of nothing but null, booleans, numbers that JSON has, text, lists and objects."""
    if value is None or isinstance(value, bool):
        return value
    if type(value) is str:
        return _text(value)
    if type(value) is int:
        return value if -(2**63) <= value < 2**64 else {TAG: "integer", "value": str(value)}
    if type(value) is float:
        return value if math.isfinite(value) else {TAG: "float", "value": repr(value)}
    if depth > _MAX_DEPTH:
        return _other(value)
    if isinstance(value, dict):
        return _object(value, depth + 1)
    if type(value) is list:
        return [to_json(item, depth + 1) for item in value]
    if isinstance(value, tuple):
        return {TAG: "tuple", "data": [to_json(item, depth + 1) for item in value]}
    return _uncommon(value, depth)


def from_json(value: Any) -> Any:
    """The value that `to_json` got, as near as JSON allows; what is no tag of ours stays as it is."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    build = _BUILDERS.get(value[TAG]) if isinstance(value.get(TAG), str) else None
    if build is not None:
        try:
            return build(value)
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError):
            return value  # it says what it is, and is not
    return {key: from_json(item) for key, item in value.items()}


def _text(value: str) -> Any:
    try:
        value.encode()
        return value
    except UnicodeEncodeError:  # lone surrogates have no UTF-8
        return {TAG: "other", "name": "str", "text": value.encode("unicode_escape").decode()}


def _object(value: dict[Any, Any], depth: int) -> Any:
    if TAG not in value and all(type(key) is str and _text(key) is key for key in value):
        return {key: to_json(item, depth) for key, item in value.items()}
    return {TAG: "map", "data": [[to_json(key, depth), to_json(item, depth)] for key, item in value.items()]}


def _uncommon(value: Any, depth: int) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "O" or value.dtype.names:
            return to_json(value.tolist(), depth + 1)
        packed = {TAG: "ndarray", "dtype": value.dtype.str, "shape": list(value.shape), "encoding": "base64"}
        return {**packed, "data": _base64(value.tobytes())}
    if isinstance(value, np.generic) and value.dtype.kind not in "OV":
        return {TAG: "scalar", "dtype": value.dtype.str, "data": _base64(value.tobytes())}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {TAG: "bytes", "data": _base64(bytes(value))}
    if isinstance(value, (set, frozenset)):
        return {TAG: "set", "data": [to_json(item, depth + 1) for item in value]}
    if isinstance(value, datetime.datetime):
        return {TAG: "datetime", "value": value.isoformat()}
    if isinstance(value, complex):
        return {TAG: "complex", "data": [to_json(value.real), to_json(value.imag)]}
    if isinstance(value, (str, int, float, list)):  # a subclass: an enum, say
        return to_json(_PLAIN[_base(value)](value), depth)
    return _other(value)


_PLAIN: dict[Any, Callable[[Any], Any]] = {str: str.__str__, int: int.__int__, float: float.__float__, list: list}


def _base(value: Any) -> Any:
    return next(kind for kind in (str, int, float, list) if isinstance(value, kind))


def _other(value: Any) -> Any:
    if isinstance(value, Unencodable):
        return {TAG: "other", "name": value.type, "text": value.text}
    try:
        text = repr(value)[:4096]
    except Exception as error:  # somebody's __repr__ is broken: say so rather than lose the record
        text = f"<repr failed: {type(error).__name__}>"
    return {TAG: "other", "name": type(value).__qualname__, "text": text.encode("ascii", "backslashreplace").decode()}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _array(tag: dict[str, Any]) -> Any:
    dtype, shape = np.dtype(tag["dtype"]), tuple(tag["shape"])
    if dtype.hasobject or dtype.names:
        raise ValueError("no array of plain numbers")
    if tag.get("encoding", "base64") == "base64" and isinstance(tag["data"], str):
        return np.frombuffer(_bytes(tag), dtype).reshape(shape).copy()
    return np.array(tag["data"], dtype).reshape(shape)


def _bytes(tag: dict[str, Any]) -> bytes:
    return base64.b64decode(tag["data"], validate=True)


def _number(tag: dict[str, Any]) -> Any:
    return float(tag.get("value", "nan"))


def _scalar(tag: dict[str, Any]) -> Any:
    (value,) = np.frombuffer(_bytes(tag), np.dtype(tag["dtype"]))
    return value


def _rebuilt_other(tag: dict[str, Any]) -> Any:
    if tag["name"] == "str":
        return tag["text"].encode().decode("unicode_escape")
    return Unencodable(tag["name"], tag["text"])


def _key(key: Any) -> Any:
    return tuple(key) if isinstance(key, list) else key


_BUILDERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "float": _number,
    "integer": lambda tag: int(tag["value"]),
    "ndarray": _array,
    "scalar": _scalar,
    "bytes": _bytes,
    "tuple": lambda tag: tuple(from_json(tag["data"])),
    "set": lambda tag: set(from_json(tag["data"])),
    "datetime": lambda tag: datetime.datetime.fromisoformat(tag["value"]),
    "complex": lambda tag: complex(*from_json(tag["data"])),
    "map": lambda tag: {_key(key): item for key, item in from_json(tag["data"])},
    "other": _rebuilt_other,
}
