"""What a recogniser makes of one line, and the words that programs have for how serious it is."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

import msgspec

from cornerman.log_catalog import Level


class Parsed(msgspec.Struct):
    """One line taken apart. What the line does not say is empty: who reads it concludes, and marks it so."""

    message: str
    level: Level | None = None
    word: str = ""
    """Its writer's word for the level, where that is none of ours: CRITICAL."""
    time_us: int | None = None
    logger: str = ""
    pid: int | None = None
    code: str = ""
    fields: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    flags: tuple[str, ...] = ()
    format: str = "constant"
    """The name of the recogniser that knew it."""


class Moment(NamedTuple):
    """When a line was read: it completes times that lack a year or a day."""

    now_us: int
    year: int | None = None
    """Of the first lines of a file whose times have none."""


class Recogniser(Protocol):
    """A module of `formats/`, or what somebody's entry point names.

    It is asked for lines that begin with one of `STARTS` (any line where that is empty), in the order of `ORDER`.
    """

    ORDER: int
    STARTS: str

    def recognise(self, line: str, at: Moment) -> Parsed | None:
        """What the line says; None where it is of another format. Must take time linear in the line's length."""
        ...


LEVEL_WORDS: Final[dict[str, Level]] = {
    **dict.fromkeys(("TRACE", "VERBOSE", "DEBUG", "FINE", "FINER", "FINEST", "DBG"), "DEBUG"),
    **dict.fromkeys(("INFO", "NOTICE", "SUCCESS", "INFORMATION", "INF"), "INFO"),
    **dict.fromkeys(("WARNING", "WARN", "WRN"), "WARNING"),
    **dict.fromkeys(("ERROR", "ERR", "SEVERE"), "ERROR"),
    **dict.fromkeys(("CRITICAL", "FATAL", "CRIT", "ALERT", "EMERG", "EMERGENCY", "PANIC", "DPANIC"), "ERROR"),
}  # fmt: skip
"""Which of the four levels a word means, in capitals."""
_OURS = {"DEBUG", "INFO", "WARNING", "WARN", "ERROR", "ERR"}


def level_of(word: str) -> tuple[Level | None, str]:
    """The level that a word means, and the word where it says more than the level; None for a word that is none."""
    upper = word.upper()
    level = LEVEL_WORDS.get(upper)
    return (None, "") if level is None else (level, "" if upper in _OURS else upper)


def take_code(fields: dict[str, Any]) -> str:
    """The code that a line's own fields say, taken out of them; empty where they say none."""
    for name in ("log_code", "code"):
        value = fields.get(name)
        if type(value) is str and value.startswith("LOG") and value[3:4].isdigit():
            return str(fields.pop(name))
    return ""
