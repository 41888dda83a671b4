"""`key=value` pairs in lines: values bare, in single or in double quotes."""

from __future__ import annotations

import re
from typing import Any

_PAIR = re.compile(
    r"""([A-Za-z_@][\w.\-/@]{0,100})=(?:"((?:[^"\\]|\\.)*+)"|'((?:[^'\\]|\\.)*+)'|([^\s"']\S*+|))(?=\s|$)\s*"""
)
_FIRST = re.compile(r"(?:^|\s)(?=[A-Za-z_@][\w.\-/@]{0,100}=)")
_ESCAPE = re.compile(r"\\(.)")
_INTEGER = re.compile(r"-?\d{1,18}")
_NUMBER = re.compile(r"-?\d{1,18}\.\d{1,18}(?:[eE][+-]?\d{1,3})?")
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None}
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
ATTEMPTS = 4
"""How many beginnings of pairs are tried: a text may hold an `a=b` of its own, but not for ever."""


def pairs_of(text: str, start: int = 0) -> dict[str, Any] | None:
    """The pairs that a text consists of from `start` on; None where it holds anything else."""
    pairs: dict[str, Any] = {}
    while start < len(text):
        found = _PAIR.match(text, start)
        if found is None:
            return None
        key, double, single, bare = found.groups()
        quoted = double if double is not None else single
        pairs[key] = _value(bare) if quoted is None else _unescaped(quoted)
        start = found.end()
    return pairs


def trailing_pairs(text: str) -> tuple[str, dict[str, Any]]:
    """A text without the pairs that it ends in, and these."""
    if "=" not in text:
        return text, {}
    for attempt, found in enumerate(_FIRST.finditer(text)):
        if attempt == ATTEMPTS:
            break
        pairs = pairs_of(text, found.end())
        if pairs:
            return text[: found.start()], pairs
    return text, {}


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text) if "\\" in text else text


def _value(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
