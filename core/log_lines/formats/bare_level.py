"""A level before anything else: `WARNING:a.logger:message`, as Python writes without any set-up, `[ERROR] message`,
`INFO: message`, and our own `cornerman: warning: message`."""

from __future__ import annotations

import re

from ..parsed import LEVEL_WORDS, Moment, Parsed, level_of

ORDER = 50
STARTS = "[" + "".join(sorted({word[0] for word in LEVEL_WORDS} | {"c"}))

_WORDS = "|".join(sorted(LEVEL_WORDS, key=len, reverse=True))
_PYTHON = re.compile(rf"({_WORDS}):([\w.\-/]{{1,200}}):")
_PLAIN = re.compile(rf"(?:\[({_WORDS}|{_WORDS.lower()}) *\]|({_WORDS}): |cornerman: (debug|info|warning|error): ) *")


def recognise(line: str, at: Moment) -> Parsed | None:
    found = _PYTHON.match(line)
    if found is not None:
        level, word = level_of(found[1])
        return Parsed(line[found.end() :], level, word, logger=found[2])
    found = _PLAIN.match(line)
    if found is None:
        return None
    level, word = level_of(found[1] or found[2] or found[3])
    return Parsed(line[found.end() :], level, word, logger="cornerman" if found[3] else "")
