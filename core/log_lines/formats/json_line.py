"""A JSON object a line: structlog, bunyan, pino, python-json-logger, zap, logrus, slog, ECS, and those like them.

Each has its own names for the same things; what has none of them is data that a program printed, and no log line.
"""

from __future__ import annotations

from typing import Any

from cornerman.log_catalog import Level

from ..json_text import decoded
from ..parsed import Moment, Parsed, level_of, take_code
from ..times import iso_us, number_us

ORDER = 20
STARTS = "{"

_MESSAGE = ("message", "msg", "event", "text", "textPayload", "@message", "@m", "body")
_LEVEL = ("level", "levelname", "severity", "lvl", "log.level", "log_level", "loglevel", "@l")
_TIME = ("timestamp", "time", "ts", "@timestamp", "asctime", "created", "datetime", "@t", "t")
_LOGGER = ("logger", "logger_name", "log.logger", "name", "module", "component_name")
_PID = ("pid", "process", "process_id", "process.pid")
_TENS: dict[int, tuple[Level, str]] = {
    10: ("DEBUG", "TRACE"), 20: ("DEBUG", ""), 30: ("INFO", ""), 40: ("WARNING", ""), 50: ("ERROR", ""),
    60: ("ERROR", "FATAL"),
}  # fmt: skip
"""Levels as bunyan and pino count them."""


def recognise(line: str, at: Moment) -> Parsed | None:
    entry = decoded(line.rstrip())
    if not entry:
        return None
    message = _taken(entry, _MESSAGE, str)
    level, word = _level(entry)
    if message is None:
        if level is None or not any(name in entry for name in _TIME):
            return None
        message = line
    time = _time(entry)
    if level is None and time is None:
        return None
    logger = _taken(entry, _LOGGER, str) or ""
    pid = _taken(entry, _PID, int)
    code = take_code(entry)
    return Parsed(message, level, word, time, logger, pid if pid is None or 0 <= pid < 2**32 else None, code, entry)


def _taken(entry: dict[str, Any], names: tuple[str, ...], kind: type) -> Any:
    """The value of the first of these names that is of this type, taken out; None where there is none."""
    for name in names:
        value = entry.get(name)
        if value is not None and type(value) is kind:
            return entry.pop(name)
    return None


def _level(entry: dict[str, Any]) -> tuple[Level | None, str]:
    for name in _LEVEL:
        value = entry.get(name)
        if type(value) is str:
            level, word = level_of(value)
        elif type(value) is int:
            level, word = _TENS.get(value, (None, ""))
        else:
            continue
        if level is not None:
            del entry[name]
            return level, word
    return None, ""


def _time(entry: dict[str, Any]) -> int | None:
    for name in _TIME:
        value = entry.get(name)
        if type(value) is str:
            found = iso_us(value)
            if found is None and value.replace(".", "", 1).isdigit() and value.isascii():
                found = number_us(float(value))
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            found = number_us(value)
        else:
            continue
        if found is not None:
            del entry[name]
            return found
    return None
