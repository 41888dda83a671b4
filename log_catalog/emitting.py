"""The one way to write a log line: `log(constant, **fields)`.

Where a line goes is decided by the program that runs, not by the code that logs. Inside somebody's training process
nobody has decided, and then it goes to a private writer on stderr: warnings and errors only, one line each, repeats
counted instead of written. The user's logging is never touched. Programs we start call `configure`, which sends every
line through structlog instead; tests use `captured`.

Nothing here ever raises or waits: a line that cannot be written is counted as a repeat.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TextIO

from .constant import LEVELS, CatalogError, Level, LogConstant

Sink = Callable[[LogConstant, Mapping[str, Any]], None]

REPEAT_SECONDS = 60.0
"""How long a line with the same code stays silent after it was written."""


def log(constant: LogConstant, /, **fields: Any) -> None:
    """Say that something happened. Costs a call where it is dropped; never raises, whatever the fields hold."""
    try:
        _sink(constant, fields)
    except Exception:  # logging must never be what stops a program
        _private.failures += 1


def set_sink(sink: Sink | None) -> None:
    """Send every line to `sink` from now on; None for the private writer again."""
    global _sink
    _sink = sink or _private


def set_private_level(level: Level) -> None:
    """From which level on the private writer writes: what `log.level` says in a training process."""
    if level not in LEVELS:
        raise CatalogError(f"{level!r} is no log level; there are {', '.join(LEVELS)}")
    _private.severity = 10 * (LEVELS.index(level) + 1)


@dataclass(frozen=True, slots=True)
class Event:
    """A line that was captured."""

    constant: LogConstant
    fields: Mapping[str, Any]


@contextmanager
def captured() -> Iterator[list[Event]]:
    """Collect what is logged meanwhile, whatever its level: what tests assert on."""
    events: list[Event] = []
    before = _sink
    set_sink(lambda constant, fields: events.append(Event(constant, dict(fields))))
    try:
        yield events
    finally:
        set_sink(before)


def as_line(constant: LogConstant, fields: Mapping[str, Any]) -> str:
    """`LOG1110 | steps were not recorded | extra={…}`: for people to read and for programs to take apart."""
    text = f"{constant.code} | {constant.message}"
    if not fields:
        return text
    return f"{text} | extra={json.dumps(dict(fields), default=str, ensure_ascii=False)}"


class PrivateWriter:
    """Warnings and errors to stderr, one line each; the same code at most once a minute, with the count of the rest."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.clock = clock
        self.severity = 30
        self.failures = 0
        self.forget()

    def forget(self) -> None:
        """Start anew: in a forked child the lock may be held by a thread that is not there."""
        self.lock = threading.RLock()  # a signal handler may log while its own thread is logging
        self.written: dict[str, float] = {}
        self.repeats: dict[str, tuple[LogConstant, int]] = {}

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        if constant.severity < self.severity:
            return
        with self.lock:
            now = self.clock()
            repeats = self.repeats.get(constant.code, (constant, 0))[1]
            due = now - self.written.get(constant.code, -REPEAT_SECONDS) >= REPEAT_SECONDS
            if due and self._write(constant, fields, repeats):
                self.written[constant.code] = now
                self.repeats.pop(constant.code, None)
            else:
                self.repeats[constant.code] = (constant, repeats + 1)

    def flush(self) -> None:
        """Say how often what was held back happened: when the process ends, so that nothing is silent."""
        with self.lock:
            for constant, repeats in self.repeats.values():
                self._write(constant, {}, repeats)
            self.repeats.clear()

    def _write(self, constant: LogConstant, fields: Mapping[str, Any], repeats: int) -> bool:
        stream = self.stream or sys.stderr
        if stream is None or not _takes_a_line(stream):
            return False
        again = f" (and {repeats} more like it)" if repeats else ""
        line = as_line(constant, fields).replace("\n", " ")
        stream.write(f"cornerman: {constant.level.lower()}: {line}{again}\n")
        stream.flush()
        return True


def _takes_a_line(stream: TextIO) -> bool:
    """Whether writing a line would not wait: a full pipe that nobody reads must not stop a training."""
    try:
        return bool(select.select([], [stream.fileno()], [], 0)[1])
    except (OSError, ValueError, AttributeError):  # no descriptor behind it: a notebook, a test
        return not stream.closed


def _flush_at_exit() -> None:
    try:
        _private.flush()
    except Exception:  # the process ends; there is nobody left to tell
        _private.failures += 1


_private = PrivateWriter()
_sink: Sink = _private
atexit.register(_flush_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_private.forget)
