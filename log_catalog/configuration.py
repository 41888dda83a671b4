"""Logging for the programs we start: the command line, the terminal, servers. Never called inside a training process.

One policy: other libraries are heard from WARNING on, ours from INFO on, and ERROR is for real faults only. Takes plain
values, because this folder knows no settings; whoever starts a program reads them and calls `configure` once, and
`conclude` when it ends.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, TextIO, cast

from .constant import Level, LogConstant
from .emitting import add_sink, as_line, fan_out, log, set_sink
from .fan_out import OURS, Sink
from .levels import Levels
from .program import LOG_LIBRARY_FAILED, LOG_LIBRARY_WARNED

Render = Literal["console", "json", "line"]
"""console: for a person · json: one object a line · line: `LOG1110 | message | extra={…}`."""

_OWN = ("event", "level", "timestamp", "code", "component", "subcomponent", "tags")
MOST_HELD = 200
"""Of lines that wait, the newest so many are written in the end; sinks that store have all of them."""
_FOR_PROGRAMS = ("pid", "inferred")
"""What a person at a terminal knows anyway."""


def configure(
    level: Level = OURS,
    render: Render = "console",
    stream: TextIO | None = None,
    *,
    heard: Level | None = None,
    levels: Mapping[str, Level] | None = None,
    process: Mapping[str, Any] | None = None,
    sinks: Iterable[Sink] = (),
    strict: bool = False,
) -> None:
    """Send the lines of this program to `stream` (stderr where none is given), and to every sink that is added.

    `level` is for all of ours, `levels` for single parts (`Store`, `Store/SQLite`), `heard` for the stream where that
    is to be quieter than the other sinks. `process` is what lines belong to that name no run. `sinks` get every line
    too, until `conclude`, which closes those that have a `close`. `strict` refuses lines that name no run, of
    components whose lines belong to runs: `log` raises LineWithoutRun.
    """
    ours, of_stream = Levels(level, levels), Levels(heard or level, levels)  # refuses a wrong word before all else
    conclude()
    fan_out.levels = ours
    fan_out.process = dict(process or {})
    fan_out.strict = strict
    target = _Stream(stream or sys.stderr)
    _streams.append(target)
    _removals.append(add_sink(_Written(render, target, of_stream)))
    for sink in sinks:
        if close := getattr(sink, "close", None):
            _removals.append(close)
        _removals.append(add_sink(sink))
    set_sink(fan_out)
    _hear_libraries()


def conclude() -> None:
    """Say what was held back, and leave logging as it was before `configure`. Sinks that were added stay."""
    fan_out.flush()
    set_sink(None)
    fan_out.levels = Levels(OURS)
    fan_out.process = {}
    fan_out.strict = False
    while _removals:
        _removals.pop()()
    _streams.clear()


@contextmanager
def held() -> Iterator[None]:
    """Keep lines back while something else has the terminal, and write them when it is given back."""
    streams = [one for one in _streams if one.waiting is None]
    for stream in streams:
        stream.waiting = deque(maxlen=MOST_HELD)
    try:
        yield
    finally:
        for stream in streams:
            stream.release()


class _Stream:
    """Where lines are written, unless they wait."""

    def __init__(self, target: TextIO) -> None:
        self.target = target
        self.waiting: deque[str] | None = None

    def write(self, text: str) -> None:
        if self.waiting is None:
            self.target.write(text)
        else:
            self.waiting.append(text)

    def flush(self) -> None:
        if self.waiting is None:
            self.target.flush()

    def release(self) -> None:
        """Write what waits."""
        waiting, self.waiting = self.waiting or (), None
        for text in waiting:
            self.target.write(text)
        self.flush()


class _Written:
    """Lines on a stream, by structlog, which is loaded and configured when the first one comes."""

    def __init__(self, render: Render, stream: _Stream, levels: Levels) -> None:
        self.render: Render = render
        self.stream = stream
        self.levels = levels
        self._logger: Any = None

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        if constant.severity < self.levels.least(constant):
            return
        if self._logger is None:
            self._logger = _structlog(self.render, self.stream)
        facts = _for_a_person(constant, fields) if self.render == "console" else _facts(constant) | _renamed(fields)
        self._logger.log(constant.severity, constant.message, **facts)


def _structlog(render: Render, stream: _Stream) -> Any:
    import structlog

    console = render == "console"
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if console else "iso", utc=not console),
            _renderer(render, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, stream)),
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger()


def _renderer(render: Render, stream: _Stream) -> Any:
    import structlog

    if render == "json":
        return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    if render == "line":
        return _line
    return structlog.dev.ConsoleRenderer(colors=stream.target.isatty() and not os.environ.get("NO_COLOR"))


def _line(_logger: Any, _method: str, event: Any) -> str:
    """The line format, from what structlog collected."""
    constant = LogConstant(
        event["code"], event["level"].upper(), event["component"], event["subcomponent"], event["event"], ()
    )
    return as_line(constant, {name: value for name, value in event.items() if name not in _OWN})


def _facts(constant: LogConstant) -> dict[str, Any]:
    return {
        "code": constant.code,
        "component": constant.component,
        "subcomponent": constant.subcomponent,
        "tags": constant.tags,
    }


def _for_a_person(constant: LogConstant, fields: Mapping[str, Any]) -> dict[str, Any]:
    """What is worth a place at a terminal."""
    shown = {name: value for name, value in fields.items() if name not in _FOR_PROGRAMS}
    return {"code": constant.code, "part": f"{constant.component}/{constant.subcomponent}", **_renamed(shown)}


def _renamed(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that would hide a fact of the line itself get an underscore."""
    return {f"{name}_" if name in _OWN else name: value for name, value in fields.items()}


def _hear_libraries() -> None:
    """What other libraries log from WARNING on becomes lines of ours, unless somebody else listens already."""
    import logging

    root = logging.getLogger()
    if root.handlers:
        return

    class Libraries(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            constant = LOG_LIBRARY_FAILED if record.levelno >= logging.ERROR else LOG_LIBRARY_WARNED
            log(constant, logger=record.name, text=record.getMessage(), file=f"{record.pathname}:{record.lineno}")

    handler = Libraries(logging.WARNING)
    root.addHandler(handler)
    _removals.append(lambda: root.removeHandler(handler))


_removals: list[Callable[[], object]] = []
"""What undoes `configure`."""
_streams: list[_Stream] = []
