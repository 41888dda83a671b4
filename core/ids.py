"""Ids. They are opaque: nothing parses them, they only sort by the time they were made."""

from __future__ import annotations

import os
import time

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_ulid() -> str:
    """A 26-character ULID (github.com/ulid/spec): 48 bits of milliseconds, 80 random bits."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def new_stream_id() -> int:
    """A 63-bit integer: 41 bits of milliseconds, 22 random bits.

    It is drawn without asking the database, because a stream may start while the store is locked, full or gone.
    """
    return (time.time_ns() // 1_000_000 & (1 << 41) - 1) << 22 | int.from_bytes(os.urandom(3), "big") >> 2
