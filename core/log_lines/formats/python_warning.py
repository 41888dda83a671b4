"""What Python's `warnings` writes: `train.py:12: UserWarning: message`."""

from __future__ import annotations

import re

from ..parsed import Moment, Parsed

ORDER = 80
STARTS = ""

_LINE = re.compile(r"([^\s:][^:]{0,400}):(\d{1,9}): ((?:[A-Z]\w{0,60})?Warning): ")


def recognise(line: str, at: Moment) -> Parsed | None:
    if "Warning: " not in line:
        return None
    found = _LINE.match(line)
    if found is None:
        return None
    file, number, category = found.groups()
    fields = {"category": category, "file": file, "line": int(number)}
    return Parsed(line[found.end() :], "WARNING", fields=fields, logger="warnings")
