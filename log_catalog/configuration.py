"""Logging for the programs we start: the command line, the terminal, servers. Never called inside a training process.

One policy: other libraries are heard from WARNING on, ours from INFO on, and ERROR is for real faults only. Takes plain
values, because this folder knows no settings; whoever starts a program reads them and calls `configure` once, and
`conclude` when it ends.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

from .constant import LEVELS, CatalogError, Level, LogConstant, severity
from .emitting import add_sink, as_line, fan_out, log, set_level, set_sink
from .fan_out import OURS
from .program import LOG_LIBRARY_FAILED, LOG_LIBRARY_WARNED

Render = Literal["console", "json", "line"]
"""console: for a person · json: one object a line · line: `LOG1110 | message | extra={…}`."""

_OWN = ("event", "level", "timestamp", "code", "component", "subcomponent", "tags")
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
) -> None:
    """Send the lines of this program to `stream` (stderr where none is given), and to every sink that is added.

    `level` is for all of ours, `levels` for single parts (`Store`, `Store/SQLite`), `heard` for the stream where that
    is to be quieter than the other sinks. `process` is what lines belong to that name no run.
    """
    severity(heard or level)  # refuse a wrong word before anything changes
    conclude()
    set_level(level)
    for part, its_level in (levels or {}).items():
        set_level(its_level, part)
    fan_out.process = dict(process or {})
    _removals.append(add_sink(_Written(render, stream), heard or "DEBUG"))
    set_sink(fan_out)
    _hear_libraries()


def conclude() -> None:
    """Say what was held back, and leave logging as it was before `configure`. Sinks that were added stay."""
    fan_out.flush()
    set_sink(None)
    fan_out.reset_levels()
    fan_out.process = {}
    while _removals:
        _removals.pop()()


def parse_levels(text: str, known: tuple[str, ...]) -> dict[str, Level]:
    """`Store=DEBUG, Recorder/Journal=ERROR` as the levels of parts; CatalogError names what is wrong with it."""
    from difflib import get_close_matches

    found: dict[str, Level] = {}
    for entry in filter(None, (entry.strip() for entry in text.split(","))):
        part, equals, word = (piece.strip() for piece in entry.partition("="))
        name = part.split("/")[0]
        if not equals or word.upper() not in LEVELS:
            raise CatalogError(f"{entry!r} is no level of a component; write Store=DEBUG, with {', '.join(LEVELS)}")
        if name not in known:
            near = get_close_matches(name, known, 1)
            raise CatalogError(f"there is no component {name!r}; " + (f"{near[0]}?" if near else ", ".join(known)))
        found[part] = next(level for level in LEVELS if level == word.upper())
    return found


class _Written:
    """Lines on a stream, by structlog, which is loaded and configured when the first one comes."""

    def __init__(self, render: Render, stream: TextIO | None) -> None:
        self.render: Render = render
        self.stream = stream
        self._logger: Any = None

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        if self._logger is None:
            self._logger = _structlog(self.render, self.stream or sys.stderr)
        shown = fields
        if self.render == "console":
            shown = {name: value for name, value in fields.items() if name not in _FOR_PROGRAMS}
        self._logger.log(constant.severity, constant.message, **_facts(constant), **_renamed(shown))


def _structlog(render: Render, stream: TextIO) -> Any:
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _renderer(render, stream),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(0),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    return structlog.get_logger()


def _renderer(render: Render, stream: TextIO) -> Any:
    import structlog

    if render == "json":
        return structlog.processors.JSONRenderer(default=str, ensure_ascii=False)
    if render == "line":
        return _line
    return structlog.dev.ConsoleRenderer(colors=stream.isatty())


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


_removals: list[Any] = []
"""What undoes `configure`."""
