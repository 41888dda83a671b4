"""logfmt: `time=2026-11-26T07:03:31Z level=info msg="an event" key=value`, as Go programs write it."""

from __future__ import annotations

from typing import Any

from ..key_values import pairs_of
from ..parsed import Moment, Parsed, level_of
from ..times import iso_us, number_us

ORDER = 70
STARTS = ""

_MESSAGE = ("msg", "message", "event")
_LEVEL = ("level", "lvl", "severity")
_TIME = ("time", "ts", "timestamp", "t")


def recognise(line: str, at: Moment) -> Parsed | None:
    if "level=" not in line and "msg=" not in line and "lvl=" not in line:
        return None
    pairs = pairs_of(line.strip())
    if not pairs:
        return None
    message = _taken(pairs, _MESSAGE)
    level, word = level_of(str(_taken(pairs, _LEVEL) or ""))
    if message is None and level is None:
        return None
    time = _time(_taken(pairs, _TIME))
    logger = str(_taken(pairs, ("logger",)) or "")
    return Parsed(str(message if message is not None else line), level, word, time, logger, fields=pairs)


def _taken(pairs: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in pairs:
            return pairs.pop(name)
    return None


def _time(value: Any) -> int | None:
    if isinstance(value, (int, float)):
        return number_us(value)
    return iso_us(value) if isinstance(value, str) else None
