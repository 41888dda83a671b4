"""Values as SQL and exported files have them: numbers, text, ISO times, JSON.

JSON knows no NaN and no infinity: NaN is null there, infinities are 9e999 and -9e999, which every parser reads as
infinities. In a column of its own (`reward`) NaN is NULL, as always in SQLite, and infinities are kept.
"""

from __future__ import annotations

import base64
import datetime
import json
import math
from typing import Any

import numpy as np

from cornerman.core.graph_value import is_graph


def scalar(value: Any) -> Any:
    """A number or text as SQLite takes it: booleans are 0 and 1, integers beyond 64 bits are text.

    Half a character, which no UTF-8 has, is spelled as in JSON.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    return str(value) if isinstance(value, int) and not -(2**63) <= value < 2**63 else value


def to_json(value: Any) -> str:
    """JSON text: NaN is null, infinities are ±9e999; arrays are lists, bytes base64, what has no form its text."""
    plain = _plain(value)
    text = json.dumps(plain, separators=(",", ":"), ensure_ascii=False)
    if "Infinity" in text:  # json writes the word; inside a string it is in quotes, so only bare words are replaced
        text = json.dumps(_finite(plain), separators=(",", ":"), ensure_ascii=False)
        text = text.replace(f'"{_INFINITE}-"', "-9e999").replace(f'"{_INFINITE}"', "9e999")
    return str(scalar(text))


_INFINITE = "\ue000infinity\ue000"


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item()) if not isinstance(value.item(), np.generic) else str(value)
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if is_graph(value):
        return {name: _plain(item) for name, item in value._asdict().items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((_plain(item) for item in value), key=str)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, complex):
        return [_plain(value.real), _plain(value.imag)]
    return getattr(value, "text", None) or str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and math.isinf(value):
        return _INFINITE if value > 0 else _INFINITE + "-"
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def iso(time_us: int) -> str:
    """2026-11-21T10:20:30.123456Z"""
    moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=time_us)
    return moment.isoformat(timespec="microseconds") + "Z"
