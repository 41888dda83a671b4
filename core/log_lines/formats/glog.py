"""glog and absl: `I1126 07:03:31.123456   4242 trainer.cc:17] message`. A letter for the level, no year."""

from __future__ import annotations

import re

from cornerman.log_catalog import Level

from ..parsed import Moment, Parsed
from ..times import yearless_us

ORDER = 30
STARTS = "DIWEF"

_LINE = re.compile(
    r"([DIWEF])(?:(\d{4}))?(\d\d)(\d\d) (\d\d:\d\d:\d\d\.\d{1,9}) +(\d{1,20}) ([^\s\]:]{1,200}):(\d{1,9})\] ?"
)
_LEVELS: dict[str, tuple[Level, str]] = {
    "D": ("DEBUG", ""), "I": ("INFO", ""), "W": ("WARNING", ""), "E": ("ERROR", ""), "F": ("ERROR", "FATAL"),
}  # fmt: skip


def recognise(line: str, at: Moment) -> Parsed | None:
    found = _LINE.match(line)
    if found is None:
        return None
    letter, year, month, day, clock, thread, file, number = found.groups()
    level, word = _LEVELS[letter]
    when = yearless_us(int(month), int(day), clock, Moment(at.now_us, int(year)) if year else at)
    fields = {"file": file, "line": int(number), "thread": int(thread) if len(thread) < 19 else thread}
    return Parsed(line[found.end() :], level, word, when, file, fields=fields)
