"""`journalctl -o json`: an object a line, whose keys are the journal's fields."""

from __future__ import annotations

from typing import Any

from cornerman.log_catalog import Level

from ..json_text import decoded
from ..parsed import Moment, Parsed

ORDER = 10
STARTS = "{"

_TIME = "__REALTIME_TIMESTAMP"
PRIORITIES: tuple[tuple[Level, str], ...] = (
    ("ERROR", "EMERG"), ("ERROR", "ALERT"), ("ERROR", "CRIT"), ("ERROR", ""), ("WARNING", ""), ("INFO", "NOTICE"),
    ("INFO", ""), ("DEBUG", ""),
)  # fmt: skip
"""By the priority of syslog."""
_TAKEN = {"MESSAGE", "PRIORITY", "_PID", "SYSLOG_IDENTIFIER", _TIME}


def recognise(line: str, at: Moment) -> Parsed | None:
    if _TIME not in line:
        return None
    entry = decoded(line)
    return None if entry is None or _TIME not in entry else parsed_entry(entry)


def parsed_entry(entry: dict[str, Any]) -> Parsed:
    """What an entry of the journal says, by the names of its fields."""
    level, word = _level(str(entry.get("PRIORITY", "")))
    pid = str(entry.get("_PID") or entry.get("SYSLOG_PID") or "")
    time = str(entry.get(_TIME) or "")
    return Parsed(
        _text(entry.get("MESSAGE")),
        level,
        word,
        int(time) if time.isascii() and time.isdigit() else None,
        str(entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM") or ""),
        int(pid) if pid.isascii() and pid.isdigit() and len(pid) < 10 else None,
        extra={key: value for key, value in entry.items() if key not in _TAKEN and not key.startswith("__")},
    )


def _level(priority: str) -> tuple[Level | None, str]:
    return PRIORITIES[int(priority)] if len(priority) == 1 and priority in "01234567" else (None, "")


def _text(message: Any) -> str:
    """The journal writes what is no text as a list of bytes."""
    if isinstance(message, list):
        try:
            return bytes(message).decode("utf-8", "replace")
        except (TypeError, ValueError):
            return str(message)
    return "" if message is None else str(message)
