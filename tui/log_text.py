"""A record as a line of text and as JSON: what copying and exporting hand out. Nothing in it can be obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .log_view import component_of, moment, short
from .renderers._cells import visible

if TYPE_CHECKING:
    from cornerman.core.payloads.log_record_v1 import LogRecordV1


def as_text(record: LogRecordV1) -> str:
    """One line: time, level, component, code, message, fields."""
    day, clock = moment(record.time_us)
    parts = [f"{day} {clock}", f"{record.level:7}", visible(component_of(record)), visible(record.code)]
    parts += [visible(record.message), *(f"{visible(str(key))}={short(value)}" for key, value in record.fields.items())]
    times = f" x{record.repeats}" if record.repeats > 1 else ""
    return " ".join(part for part in parts if part) + times


def as_json(record: LogRecordV1) -> str:
    """The whole record, as its schema says."""
    from cornerman.core.payloads.log_record_v1 import to_json

    return to_json(record).decode()
