"""Lines of our own programs as log records: a sink for `log_catalog.configure` that gives them to a store of logs.

    configure(…, sinks=[OwnLines(lambda: open_writer(path))])

The writer is opened by the first line: a program that says nothing opens nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from cornerman.log_catalog import LogConstant

from ..payloads.log_record_v1 import LogRecordV1
from .port import LogWriter

_NUMBERS = {"episode": "episode", "step": "step", "env_index": "env_index", "pid": "pid", "repeats": "repeats"}
_WORDS = {"run": "run_id", "stream": "stream", "agent": "agent"}
_DEEPEST = 8


class OwnLines:
    """Takes constants and fields, gives records."""

    def __init__(self, open_writer: Callable[[], LogWriter]) -> None:
        self._open = open_writer
        self._writer: LogWriter | None = None
        self._owner = 0

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        if self._writer is None or self._owner != os.getpid():  # a forked child writes for itself
            self._writer, self._owner = self._open(), os.getpid()
        self._writer.append([record_of(constant, fields, time.time_ns() // 1000)])

    def close(self) -> None:
        """Bring what was taken into the store."""
        if self._writer is not None and self._owner == os.getpid():
            self._writer.close()
        self._writer = None


def record_of(constant: LogConstant, fields: Mapping[str, Any], time_us: int) -> LogRecordV1:
    """The record of a line: where it belongs has fields of its own, the rest is what it says."""
    rest, place = dict(fields), {}
    for name, meant in _NUMBERS.items():
        if type(rest.get(name)) is int and rest[name] >= 0:
            place[meant] = rest.pop(name)
    for name, meant in _WORDS.items():
        if type(rest.get(name)) in (int, str):
            place[meant] = str(rest.pop(name))
    return LogRecordV1(
        time_us=time_us,
        code=constant.code,
        level=constant.level,
        component=constant.component,
        subcomponent=constant.subcomponent,
        message=constant.message,
        tags=constant.tags,
        flags=("inferred",) if rest.pop("inferred", False) else (),
        fields={str(name): _plain(value) for name, value in rest.items()},
        **place,
    )


def _plain(value: Any, depth: int = 0) -> Any:
    """What every reader of the store can show; anything else by its own words."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if depth < _DEEPEST and isinstance(value, Mapping):
        return {str(name): _plain(one, depth + 1) for name, one in value.items()}
    if depth < _DEEPEST and isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one, depth + 1) for one in value]
    return str(value)
