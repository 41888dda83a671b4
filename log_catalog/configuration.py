"""Logging for the programs we start: the command line, the terminal. Never called inside a training process.

Takes plain values, because it knows no settings; whoever starts a program reads them and calls this once.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, Literal, TextIO

from .constant import LEVELS, CatalogError, Level, LogConstant
from .emitting import as_line, set_sink

Render = Literal["console", "json", "line"]
"""console: for a person · json: one object a line · line: `LOG1110 | message | extra={…}`."""

_OWN = ("event", "level", "timestamp", "code", "component", "subcomponent", "tags")


def configure(level: Level = "WARNING", render: Render = "console", stream: TextIO | None = None) -> None:
    """Send every line of this level and above through structlog to `stream` (stderr where none is given)."""
    import structlog

    if level not in LEVELS:
        raise CatalogError(f"{level!r} is no log level; there are {', '.join(LEVELS)}")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _renderer(render, stream or sys.stderr),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(10 * (LEVELS.index(level) + 1)),
        logger_factory=structlog.WriteLoggerFactory(file=stream or sys.stderr),
        cache_logger_on_first_use=False,
    )
    logger = structlog.get_logger()

    def through_structlog(constant: LogConstant, fields: Mapping[str, Any]) -> None:
        logger.log(constant.severity, constant.message, **_facts(constant), **_renamed(fields))

    set_sink(through_structlog)


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
