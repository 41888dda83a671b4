"""Writing what a filter shows into a file, from the oldest to the newest: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import localtime, strftime
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from cornerman.core.errors import Interrupted, InvalidOption
from cornerman.core.logs import LogFilter

from .log_text import as_json, as_text

if TYPE_CHECKING:
    from cornerman.core.payloads.log_record_v1 import LogRecordV1

    from .log_feed import LogReading

EACH = 1_000
Form = Literal["JSON lines", "text"]


def form_of(path: Path) -> Form:
    """What the name of a file asks for."""
    return "text" if path.suffix.lower() in (".txt", ".log", ".text") else "JSON lines"


def proposed(now: float) -> str:
    """A name that is free."""
    return strftime("~/cornerman-logs-%Y%m%d-%H%M%S.jsonl", localtime(now))


@dataclass(frozen=True, slots=True)
class ExportQuery:
    """Write the records of a filter into a file. Done once."""

    channel: ClassVar[str] = "export"
    watched: ClassVar[bool] = False
    long: ClassVar[bool] = True
    chosen: LogFilter
    path: Path

    def answer(self, reading: LogReading) -> ExportAnswer:
        form = form_of(self.path)
        written: Callable[[LogRecordV1], str] = as_text if form == "text" else as_json
        if self.path.exists():
            raise InvalidOption(f"{self.path.name} exists: nothing is overwritten.", "w again, with another name.")
        beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        records = size = 0
        try:
            with reading.until_cancelled():
                with beside.open("w", encoding="utf-8", errors="backslashreplace") as file:
                    for part in self._parts(reading):
                        for record in part:
                            size += file.write(written(record) + "\n")
                        records += len(part)
                        reading.tell(ExportAnswer(self, form, records, size))
                beside.rename(self.path)
                return ExportAnswer(self, form, records, self.path.stat().st_size, done=True)
            return ExportAnswer(self, form, records, size, stopped=True)
        finally:
            beside.unlink(missing_ok=True)

    def _parts(self, reading: LogReading) -> Iterator[list[LogRecordV1]]:
        after = -1
        while True:
            part = reading.logs.page(self.chosen, after=after, limit=EACH)
            if not part:
                return
            yield [entry.record for entry in part]
            after = part[-1].id
            if reading.cancelled() or not reading.wanted():
                raise Interrupted


class ExportAnswer(NamedTuple):
    query: ExportQuery
    form: Form
    records: int
    size: int
    done: bool = False
    stopped: bool = False

    def same(self, other: object) -> bool:
        return False
