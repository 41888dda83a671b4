"""Lines that begin with a time: Python's logging in all its usual forms, loguru, Hydra, Ray, rich, plain text.

    2026-11-26 07:03:31,123 - a.logger - INFO - message        [2026-11-26 07:03:31,123][a.logger][INFO] - message
    2026-11-26 07:03:31.123 | INFO     | module:function:17 - message        [07:03:31] INFO     message
    2026-11-26 07:03:31,123 [INFO] a.logger: message           2026-11-26 07:03:31 message

After the time there may be a level, with one name before or after it. A line with more words before the level is a
text in which that word occurs.
"""

from __future__ import annotations

import re

from ..parsed import LEVEL_WORDS, Moment, Parsed, level_of
from ..times import CLOCK, ISO, SYSLOG, clock_us, iso_us, syslog_us

ORDER = 60
STARTS = "[(0123456789ADFJMNOS"

_TIME = re.compile(rf"[\[(]?(?:({ISO})|({CLOCK})|({SYSLOG}))[\])]?(?=[\s\-|\[:,]|$)[\s:,]*")
_WORDS = "|".join(sorted(LEVEL_WORDS, key=len, reverse=True))
_LEVEL = re.compile(
    rf"[\s\-|\[(]*(?:([A-Za-z_][\w.\-/:<>]{{0,200}}?)[\s\-|\]\[):]+)??[\[(]?({_WORDS}|{_WORDS.lower()})\b[\])]?"
)
_SEPARATED = re.compile(r"[A-Za-z_][\w.\-/<>]{0,200}(?::[\w.<>]{1,200}){0,2}(?:: | - | -- | \| )")
_BRACKETED = re.compile(r"[\w.\-/:<>]+")
_LEAD = " \t-|:"


def recognise(line: str, at: Moment) -> Parsed | None:
    found = _TIME.match(line)
    if found is None:
        return None
    whole, clock, short = found.groups()
    time = iso_us(whole) if whole else clock_us(clock, at) if clock else syslog_us(short, at)
    if time is None:
        return None
    rest = line[found.end() :]
    level = _LEVEL.match(rest)
    if level is None:
        return Parsed(rest.lstrip(_LEAD), time_us=time)
    meant, word = level_of(level[2])
    message, logger = rest[level.end() :], level[1] or ""
    if not logger:
        message, logger = _named(message)
    return Parsed(message.lstrip(_LEAD), meant, word, time, logger.strip("[]"))


def _named(rest: str) -> tuple[str, str]:
    """The message after a level, and the logger's name where one is set off before it."""
    rest = rest.lstrip(_LEAD)
    if rest.startswith("["):
        name, bracket, behind = rest[1:202].partition("]")
        if bracket and _BRACKETED.fullmatch(name):
            return rest[len(name) + 2 :], name
        return rest, ""
    found = _SEPARATED.match(rest)
    if found is None:
        return rest, ""
    name = found[0].rstrip(_LEAD)
    return rest[found.end() :], name
