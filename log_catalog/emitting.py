"""The one way to write a log line: `log(constant, **fields)`.

Where a line goes is decided by the program that runs, not by the code that logs. Inside somebody's training process
nobody has decided, and then it goes to a private writer on stderr: warnings and errors only, one line each, repeats
counted instead of written, and to whoever keeps them (`keep_private`). The user's logging is never touched. Programs
we start call `configure`, which sends every line to all sinks instead, with what it was about; tests use `captured`.

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
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, TextIO

from .constant import Level, LogConstant, severity
from .fan_out import FanOut, LineWithoutRun, Sink
from .repeats import Repeats

REPEAT_SECONDS = 60.0
"""How long a line with the same code stays silent after the private writer wrote it."""


def log(constant: LogConstant, /, **fields: Any) -> None:
    """Say that something happened. Costs a call where it is dropped; never raises, whatever the fields hold, but for
    LineWithoutRun in a program that is strict about it, for components whose lines belong to runs: ours are none."""
    try:
        _sink(constant, fields)
    except LineWithoutRun:
        raise
    except Exception:  # logging must never be what stops a program
        _private.failures += 1


def set_sink(sink: Sink | None) -> None:
    """Send every line to `sink` alone from now on; None for the private writer again."""
    global _sink
    _sink = sink or _private


def set_private_level(level: Level) -> None:
    """From which level on the private writer writes: what `log.level` says in a training process."""
    _private.severity = severity(level)


def keep_private(keep: Keep | None) -> None:
    """Hand every line that the private writer lets through to `keep` too, which stores it: None for nobody."""
    _private.keep = keep


def add_sink(sink: Sink, level: Level = "DEBUG") -> Callable[[], None]:
    """Send the lines of this program to one more place; call what is returned to stop that.

    A sink gets the constant and its fields, the context among them: `run`, `stream`, `agent`, `env_index`, `episode`,
    `step`, `pid`, `inferred` where no run was named, and `repeats` where it stands for several. Inside a training
    process, where nothing was configured, no sink is ever called.
    """
    return fan_out.add(sink, severity(level))


def set_level(level: Level, part: str | None = None) -> None:
    """From which level on this program's lines count, for all or for one part: `Store`, `Store/SQLite`."""
    fan_out.levels.set(level, part)


def bound(**context: Any) -> AbstractContextManager[None]:
    """What the lines written inside belong to: `with bound(run=…, env_index=…, episode=…, step=…)`.

    Costs nothing inside a training process, where it does nothing.
    """
    return fan_out.bound(context) if _sink is fan_out else _NO_CONTEXT


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


Keep = Callable[[LogConstant, Mapping[str, Any], int, TextIO | None], bool]
"""Stores a line, of which there were so many; whether it did. Last, the stream on which it was written, if on any."""


class PrivateWriter:
    """Warnings and errors to stderr, one line each; the same code at most once a minute, with the count of the rest."""

    def __init__(self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.clock = clock
        self.severity = 30
        self.failures = 0
        self.keep: Keep | None = None
        self.forget()

    def forget(self) -> None:
        """Start anew: in a forked child the lock may be held by a thread that is not there."""
        self.lock = threading.RLock()  # a signal handler may log while its own thread is logging
        self.repeats = Repeats(REPEAT_SECONDS, 1, self.clock)

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        if constant.severity < self.severity:
            return
        with self.lock:
            held = self.repeats.admit(constant)
            if held is not None and not self._say(constant, fields, held, held + 1):
                self.repeats.give_back(constant, held)

    def flush(self) -> None:
        """Say how often what was held back happened: when the process ends, so that nothing is silent."""
        with self.lock:
            for constant, held in self.repeats.all():
                self._say(constant, {}, held, held)

    def _say(self, constant: LogConstant, fields: Mapping[str, Any], held: int, lines: int) -> bool:
        """Write and keep a line that stands for so many; whether either came about."""
        stream: TextIO | None = None
        try:
            stream = self._write(constant, fields, held)
        except Exception:  # a stream that breaks is no reason not to keep the line
            self.failures += 1
        return (self.keep is not None and self.keep(constant, fields, lines, stream)) or stream is not None

    def _write(self, constant: LogConstant, fields: Mapping[str, Any], held: int) -> TextIO | None:
        """Where it was written, None where nothing takes it now."""
        stream = self.stream or sys.stderr
        if stream is None or not _takes_a_line(stream):
            return None
        again = f" (and {held} more like it)" if held else ""
        line = as_line(constant, fields).replace("\n", " ")
        stream.write(f"cornerman: {constant.level.lower()}: {line}{again}\n")
        stream.flush()
        return stream


def _takes_a_line(stream: TextIO) -> bool:
    """Whether writing a line would not wait: a full pipe that nobody reads must not stop a training."""
    try:
        waiting = select.poll()  # select() knows no descriptor beyond 1,023, which a training may well have
        waiting.register(stream.fileno(), select.POLLOUT)
        return bool(waiting.poll(0))
    except (OSError, ValueError, AttributeError):  # no descriptor behind it: a notebook, a test
        return not stream.closed


def _flush_at_exit() -> None:
    try:
        _private.flush()
        fan_out.flush()
    except Exception:  # the process ends; there is nobody left to tell
        _private.failures += 1


def _forget_in_child() -> None:
    _private.forget()
    fan_out.forget()


fan_out = FanOut()
"""Where the lines of a program that we start go, once it is configured."""

_NO_CONTEXT = nullcontext()
_private = PrivateWriter()
_sink: Sink = _private
atexit.register(_flush_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
