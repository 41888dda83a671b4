"""For a worker that wants its standard logging to arrive whole: one line a record, nothing lost on the way.

    handler = logging.StreamHandler()
    handler.setFormatter(WorkerFormatter())
    logging.basicConfig(handlers=[handler], level=logging.INFO)

    logger.info("rollout collected", extra={"log_code": "LOG2001", "episode": 7, "reward": 21.5})

Optional, and standard library only: what a worker prints without it is read too. A record with a code becomes
`2026-11-26T07:30:50.123456+00:00 INFO ppo: LOG2001 | rollout collected | extra={…}`, one without a JSON object.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from .constant import CODE, LogConstant

_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has: all else came by `extra=`."""
_CODE_NAMES = ("log_code", "code")


class WorkerFormatter(logging.Formatter):
    """`LOG512 | message | extra={json}` behind time, level and logger; without these where `bare` is set.

    The code comes from `extra={"log_code": …}`, or from a message that is a log constant: `logger.info(constant)`.
    """

    def __init__(self, *, bare: bool = False) -> None:
        super().__init__()
        self.bare = bare

    def format(self, record: logging.LogRecord) -> str:
        fields = {name: value for name, value in vars(record).items() if name not in _RECORD}
        constant = record.msg if isinstance(record.msg, LogConstant) else None
        message = constant.message if constant else record.getMessage()
        code = constant.code if constant else _code(fields)
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        if not code:
            whole = {"time": time, "level": record.levelname, "logger": record.name, "message": message, **fields}
            return _json(whole)
        line = f"{code} | {_one_line(message)}" + (f" | extra={_json(fields)}" if fields else "")
        return line if self.bare else f"{time} {record.levelname} {record.name}: {line}"


def _code(fields: dict[str, Any]) -> str:
    for name in _CODE_NAMES:
        if isinstance(fields.get(name), str) and CODE.fullmatch(fields[name]):
            return str(fields.pop(name))
    return ""


def _one_line(text: str) -> str:
    return text if len(text.splitlines()) < 2 else "\\n".join(text.splitlines())


def _json(fields: Mapping[str, Any]) -> str:
    """In one line, whatever the values are: a record must never be what stops a worker."""
    try:
        return json.dumps(dict(fields), default=str, ensure_ascii=False)
    except (TypeError, ValueError):  # keys that JSON has no word for, a value that holds itself
        return json.dumps({str(name): str(value) for name, value in fields.items()}, ensure_ascii=False)
