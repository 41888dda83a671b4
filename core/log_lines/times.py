"""Times as lines have them, as microseconds since 1970. Those without a zone are this host's own."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import Final

from .parsed import Moment

ISO: Final = r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?Z| ?[+-]\d\d:?\d\d| UTC)?"
"""2026-11-26 07:03:31,123 and its many kin."""
CLOCK: Final = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
"""A time of the day, without the day."""
SYSLOG: Final = r"[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
"""Nov 26 07:03:31: no year, no zone."""

_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MONTHS = {name: number for number, name in enumerate(_NAMES, 1)}
_DAY_US = 86_400_000_000
_FRACTION = re.compile(r"[.,](\d+)")


def iso_us(text: str) -> int | None:
    """Of a date and a time of the day, with any fraction and zone; None where it is no time."""
    if text[19:20] in (",", ".") and text[20:].isdecimal() and text.isascii():  # nearly all of them
        whole = _whole_us(text[:19])
        return None if whole is None else whole + int(text[20:26].ljust(6, "0"))
    text = text.strip()
    if text.endswith(" UTC"):
        text = text[:-4] + "Z"
    found = _FRACTION.match(text, 19)
    fraction = 0
    if found is not None:
        fraction = int(found[1][:6].ljust(6, "0"))
        text = text[: found.start()] + text[found.end() :]
    whole = _whole_us(text)
    return None if whole is None else whole + fraction


@lru_cache(256)
def _whole_us(text: str) -> int | None:
    """Without a fraction: of many lines in the same second only the first costs anything."""
    try:
        at = datetime.fromisoformat(text.replace("/", "-").replace(" +", "+").replace(" -", "-").replace(" Z", "Z"))
        return int(at.timestamp()) * 1_000_000
    except (ValueError, OverflowError, OSError):
        return None


def clock_us(text: str, at: Moment) -> int | None:
    """Of a time of the day: the newest such moment that is not after the line was read."""
    day = datetime.fromtimestamp(at.now_us / 1e6).date()
    found = iso_us(f"{day.isoformat()} {text}")
    return found if found is None or found <= at.now_us + _DAY_US // 24 else found - _DAY_US


def syslog_us(text: str, at: Moment) -> int | None:
    """Of `Nov 26 07:03:31`."""
    month = _MONTHS.get(text[:3])
    return None if month is None else yearless_us(month, int(text[4:6]), text[7:], at)


def yearless_us(month: int, day: int, clock: str, at: Moment) -> int | None:
    """Of a day and a time without a year: in the year that the reader was told, else the newest not in the future."""
    year = at.year or datetime.fromtimestamp(at.now_us / 1e6).year
    found = iso_us(f"{year:04}-{month:02}-{day:02} {clock}")
    if found is not None and at.year is None and found > at.now_us + _DAY_US:
        return iso_us(f"{year - 1:04}-{month:02}-{day:02} {clock}")
    return found


def number_us(value: float) -> int | None:
    """Of a number that counts seconds, milliseconds, microseconds or nanoseconds since 1970, by its size."""
    if not 1e8 <= value < 1e19:
        return None
    for limit, factor in ((1e11, 1e6), (1e14, 1e3), (1e17, 1)):
        if value < limit:
            return int(value * factor) if isinstance(value, float) else int(value) * int(factor)
    return int(value) // 1000
