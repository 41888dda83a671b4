"""A time as a person types it: an age (2h), a time of the day (12:04) or a full one."""

from __future__ import annotations

import re
from datetime import datetime

from cornerman.core.errors import InvalidOption
from cornerman.core.logs.filter import time_of

_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?")


def typed_time(text: str, near_us: int, now: float) -> int:
    """Microseconds since 1970; a time of the day is on the day of `near_us`. InvalidOption says what can be typed."""
    text = text.strip()
    try:
        if (clock := _CLOCK.fullmatch(text)) is None:
            return time_of(text, int(now * 1e6))
        day = datetime.fromtimestamp(near_us / 1e6)
        fraction = int((clock[4] or "0").ljust(6, "0"))
        at = day.replace(hour=int(clock[1]), minute=int(clock[2]), second=int(clock[3] or 0), microsecond=fraction)
        return int(at.timestamp() * 1e6)
    except (ValueError, OverflowError, OSError):
        raise InvalidOption(f"{text!r} is no time.", "12:04, 12:04:05, 2h (ago), 2026-11-26T07:00") from None
