"""What of a record a filter can be made of: the values it can be included, excluded or singled out by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cornerman.core.payloads.log_record_v1 import LogRecordV1


def terms_of(record: LogRecordV1) -> list[tuple[str, str]]:
    """(field, value) of a record, the ones that are chosen by most often first."""
    component = record.component
    found = [("component", f"{component}/{record.subcomponent}")] if record.subcomponent else []
    found += [("component", component), ("code", record.code), ("level", record.level)]
    found += [("tag", tag) for tag in record.tags]
    found += [("run", record.run_id), ("stream", record.stream), ("output", record.output)]
    found += [("logger", record.logger), *(("flag", flag) for flag in record.flags), ("source", record.source)]
    numbers = (
        ("episode", record.episode), ("step", record.step), ("env", record.env_index), ("pid", record.pid),
    )  # fmt: skip
    found += [(field, str(number)) for field, number in numbers if number is not None]
    return [(field, value) for field, value in found if value]
