"""structlog's console: `2026-11-26 07:03:31 [info     ] an event          [a.logger] key=value other='two words'`."""

from __future__ import annotations

import re

from ..key_values import trailing_pairs
from ..parsed import Moment, Parsed, level_of, take_code
from ..times import CLOCK, ISO, clock_us, iso_us

ORDER = 40
STARTS = "[0123456789"

_HEAD = re.compile(rf"(?:({ISO})|({CLOCK}))? ?\[([a-z]{{4,9}}) {{0,5}}\] +")
_LOGGER = re.compile(r" *\[([\w.\-<>:/]{1,200})\] *")


def recognise(line: str, at: Moment) -> Parsed | None:
    found = _HEAD.match(line) if line.find("[", 0, 48) >= 0 else None
    if found is None:
        return None
    day, clock, word = found.groups()
    level, word = level_of(word)
    if level is None:
        return None
    time = iso_us(day) if day else clock_us(clock, at) if clock else None
    message, pairs = trailing_pairs(line[found.end() :])
    message, logger = _without_logger(message.rstrip())
    return Parsed(message, level, word, time, logger, code=take_code(pairs), fields=pairs)


def _without_logger(message: str) -> tuple[str, str]:
    """The event, and the logger's name in brackets behind it."""
    start = message.rfind("[")
    found = _LOGGER.fullmatch(message, start) if start > 0 and message.endswith("]") else None
    return (message, "") if found is None else (message[:start].rstrip(), found[1])
