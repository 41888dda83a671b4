"""The text of a record: what is searched, and how its fields are shown beside its message."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..payloads.log_record_v1 import LogRecordV1


def folded(text: str) -> str:
    """The text as it is compared: in any case."""
    return text.casefold()


def searchable(record: LogRecordV1) -> tuple[str, str, str]:
    """What a text of a filter is looked for in, each by itself: the message, the fields, the line as it came."""
    return record.message, fields_text(record.fields, record.extra), record.raw


def fields_text(*fields: Mapping[str, Any]) -> str:
    """Fields as they are shown and searched: `loss=0.5 device=cuda:0`."""
    return " ".join([f"{name}={shown(value)}" for some in fields for name, value in some.items()])


def shown(value: Any) -> str:
    """One value of a field: text as it is, all else as JSON writes it."""
    if type(value) is str:
        return value
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, a cycle
        return str(value)
