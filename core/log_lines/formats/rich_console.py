"""What rich's handler writes: columns for time, level, message and place; a time that did not change is left blank.

    [11/26/26 07:03:31] WARNING  reward is nan                                       train.py:24
                        INFO     checkpoint written                                  train.py:30

The level is padded to eight columns, which tells these lines from others with a time in brackets.
"""

from __future__ import annotations

import re
from typing import Any

from ..parsed import Moment, Parsed, level_of
from ..times import CLOCK, clock_us, iso_us

ORDER = 55
STARTS = "[ "

_LINE = re.compile(
    rf"(?:\[(?:(\d\d)/(\d\d)/(\d\d) )?({CLOCK})\] | {{11}}(?: {{9}})?)"
    r"(DEBUG   |INFO    |WARNING |ERROR   |CRITICAL) "
)
_PLACE = re.compile(r"([\w.\-]{1,200}\.py):(\d{1,9})")


def recognise(line: str, at: Moment) -> Parsed | None:
    found = _LINE.match(line)
    if found is None:
        return None
    month, day, year, clock, padded = found.groups()
    time = None if clock is None else iso_us(f"20{year}-{month}-{day} {clock}") if year else clock_us(clock, at)
    level, word = level_of(padded.rstrip())
    message, fields = line[found.end() :].rstrip(), {}
    text, _, last = message.rpartition("  ")
    place = _PLACE.fullmatch(last.strip())
    if place is not None and text:
        message, fields = text.rstrip(), _at(place)
    return Parsed(message, level, word, time, fields=fields)


def _at(place: re.Match[str]) -> dict[str, Any]:
    return {"file": place[1], "line": int(place[2])}
