"""On which line of a JSON text a value stands: a problem in a document of a thousand lines is found by its line."""

from __future__ import annotations

import re
from json.decoder import JSONDecoder

_SPACE = re.compile(r"[ \t\n\r]*")
_decode = JSONDecoder().raw_decode


def line_of(text: str, pointer: str) -> int:
    """The line, from 1, of the value that a JSON pointer names; of the nearest value around it where it is missing."""
    at = _after_space(text, 0)
    for part in pointer.split("/")[1:]:
        found = _step(text, at, part.replace("~1", "/").replace("~0", "~"))
        if found is None:
            break
        at = found
    return text.count("\n", 0, at) + 1


def _step(text: str, at: int, part: str) -> int | None:
    """Where the member or item `part` of the value at `at` begins; None where it is missing."""
    if text[at : at + 1] == "{":
        return _member(text, _after_space(text, at + 1), part)
    if text[at : at + 1] == "[" and part.isdecimal():
        return _item(text, _after_space(text, at + 1), int(part))
    return None


def _member(text: str, at: int, name: str) -> int | None:
    while text[at] != "}":
        found, at = _decode(text, at)
        begin = _after_space(text, _after_space(text, at) + 1)
        if found == name:
            return begin
        at = _after_comma(text, _decode(text, begin)[1])
    return None


def _item(text: str, at: int, position: int) -> int | None:
    while text[at] != "]":
        if position == 0:
            return at
        position -= 1
        at = _after_comma(text, _decode(text, at)[1])
    return None


def _after_comma(text: str, at: int) -> int:
    at = _after_space(text, at)
    return _after_space(text, at + 1) if text[at] == "," else at


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
