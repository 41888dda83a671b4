"""What the run screen asks of the logs: the record that stands beside the step that is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from cornerman.core.logs import LogEntry

    from .log_feed import LogReading


@dataclass(frozen=True, slots=True)
class BesideQuery:
    """The record of a run that was the latest at a time: what stands beside the step that is looked at."""

    channel: ClassVar[str] = "beside"
    watched: ClassVar[bool] = False
    run_id: str
    time_us: int

    def answer(self, reading: LogReading) -> BesideAnswer:
        from cornerman.core.logs import LogFilter  # with NumPy: not before the first paint

        chosen = LogFilter().only("run", self.run_id)
        at = reading.logs.at_time(chosen, self.time_us + 1)
        if at is None:
            return BesideAnswer(self, None)
        entry = reading.logs.entry(at)
        if entry.record.time_us > self.time_us:
            earlier = reading.logs.page(chosen, before=at, limit=1)
            entry = earlier[-1] if earlier else entry
        return BesideAnswer(self, entry)


class BesideAnswer(NamedTuple):
    query: BesideQuery
    entry: LogEntry | None
    """The first one after, where there is none before; None where the run has no log."""

    def same(self, other: object) -> bool:
        return isinstance(other, BesideAnswer) and (self.entry and self.entry.id) == (other.entry and other.entry.id)
