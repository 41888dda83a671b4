"""What `journalctl` and syslog print: `Nov 26 07:03:31 host trainer[4242]: message`; also with ISO times."""

from __future__ import annotations

import re

from ..parsed import Moment, Parsed
from ..times import ISO, SYSLOG, iso_us, syslog_us
from .journald import PRIORITIES

ORDER = 45
STARTS = "ADFJMNOS0123456789<"

_LINE = re.compile(
    rf"(?:<(\d{{1,3}})>)?(?:({SYSLOG})|({ISO})) ([\w.\-]{{1,255}}) ([\w.\-/()@]{{1,255}})(?:\[(\d{{1,9}})\])?: ?"
)
_NO_PROGRAM = {"DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL"}


def recognise(line: str, at: Moment) -> Parsed | None:
    if "]:" not in line and line[0].isdigit():
        return None
    found = _LINE.match(line)
    if found is None:
        return None
    priority, short, whole, host, program, pid = found.groups()
    if pid is None and (short is None or program.upper().rstrip(":") in _NO_PROGRAM):
        return None  # `2026-11-26 07:03:31 INFO trainer: message` is a logger's line
    time = syslog_us(short, at) if short else iso_us(whole)
    level, word = PRIORITIES[int(priority) & 7] if priority else (None, "")
    return Parsed(line[found.end() :], level, word, time, program, int(pid) if pid else None, extra={"host": host})
