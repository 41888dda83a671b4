"""The list of the Logs screen as a question and its answer: the records around a place, under a filter.

The list is never read whole: a window of it is, by ids, so that the ten millionth record costs what the first does and
nothing older is ever out of reach.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal, NamedTuple

from cornerman.core.logs import LogFilter
from cornerman.core.logs.filter import RANGES, TEXT
from cornerman.core.logs.port import Damaged

if TYPE_CHECKING:
    from cornerman.core.logs import LogEntry
    from cornerman.core.logs.port import Found

    from .log_feed import LogReading

AROUND = 200
"""Records read to each side of the place that is shown: several screens of them."""


def searches(chosen: LogFilter) -> bool:
    """Whether finding its records means looking at them, so that it may take a while."""
    return any(term.field in (TEXT, *RANGES) for term in chosen.terms)


class Progress(NamedTuple):
    """How far a search has looked."""

    back_to_us: int
    searched: int
    total: int

    @classmethod
    def of(cls, part: Found) -> Progress | None:
        """None where the search has ended."""
        return None if part.done else cls(part.searched_to_us, part.searched, part.total)


class Place(NamedTuple):
    """Where in the records: the newest, the oldest, at an id, at a time, or with so many records before it."""

    kind: Literal["newest", "oldest", "id", "time", "rank"] = "newest"
    value: int = 0
    time_us: int = 0
    """Of the record with the id, so that the nearest is known where it is hidden."""


NEWEST = Place()


@dataclass(frozen=True, slots=True)
class WindowQuery:
    """The records around a place. Asked again as records come; what is known already is not read again."""

    channel: ClassVar[str] = "window"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True
    chosen: LogFilter
    place: Place

    @property
    def long(self) -> bool:
        return searches(self.chosen)

    def answer(self, reading: LogReading) -> WindowAnswer:
        before: WindowAnswer | None = reading.before
        grown = self._grown(reading, before) if before is not None and not before.stopped else None
        return grown or self._fresh(reading)

    def _grown(self, reading: LogReading, before: WindowAnswer) -> WindowAnswer | None:
        """The window before with what came since; None where too much came."""
        looked_to = _newest_id(reading)
        entries = before.entries
        if before.last:
            newer = tuple(reading.logs.page(self.chosen, after=before.looked_to, limit=AROUND + 1))
            if len(newer) > AROUND:
                return None
            following = self.place.kind == "newest"
            entries = (*entries, *newer)
            first = before.first
            if following and len(entries) > AROUND:
                first, entries = False, entries[-AROUND:]
            if not following and len(entries) > 3 * AROUND:
                return None
            landed = len(entries) - 1 if following else before.landed
            before = before._replace(entries=entries, first=first, landed=landed)
        return self._counted(reading, before._replace(looked_to=looked_to))

    def _fresh(self, reading: LogReading) -> WindowAnswer:
        logs = reading.logs
        found = WindowAnswer(self.chosen, records=logs.count(), looked_to=_newest_id(reading))
        anchor = self._anchor(reading)
        if self.place.kind == "oldest":
            newer = tuple(logs.page(self.chosen, after=-1, limit=2 * AROUND))
            found = found._replace(entries=newer, landed=0, first=True, last=len(newer) < 2 * AROUND)
            return self._counted(reading, found)
        found = self._older(reading, found, anchor)
        if anchor is not None and not found.stopped:
            older, found = found, found._replace(stopped=True)
            with reading.until_cancelled():
                newer = tuple(logs.page(self.chosen, after=anchor - 1, limit=AROUND))
                found = self._around(older, newer, anchor)
        return self._counted(reading, found)

    def _anchor(self, reading: LogReading) -> int | None:
        """The id that the window is around; None for the newest."""
        if self.place.kind == "time":
            return reading.logs.at_time(self.chosen, self.place.value)
        if self.place.kind == "rank":
            return reading.logs.at_rank(self.chosen, self.place.value)
        return self.place.value if self.place.kind == "id" else None

    def _older(self, reading: LogReading, found: WindowAnswer, anchor: int | None) -> WindowAnswer:
        """The records before it; those that have to be searched for are shown as they are found."""
        if not searches(self.chosen):
            older = tuple(reading.logs.page(self.chosen, before=anchor, limit=AROUND))
            return found._replace(entries=older, landed=len(older) - 1, first=len(older) < AROUND, last=anchor is None)
        hits: list[LogEntry] = []
        with reading.until_cancelled():
            for part in reading.search(self.chosen, anchor):
                hits += part.entries
                found = found._replace(
                    entries=tuple(reversed(hits[:AROUND])), landed=min(len(hits), AROUND) - 1,
                    first=part.done and len(hits) <= AROUND, last=anchor is None, progress=Progress.of(part),
                )  # fmt: skip
                if len(hits) >= AROUND or part.done or not reading.wanted():
                    return found._replace(progress=None)
                if reading.cancelled():
                    break
                reading.tell(found)
        return found._replace(stopped=True)

    def _around(self, found: WindowAnswer, newer: Sequence[LogEntry], anchor: int) -> WindowAnswer:
        """Both halves; where the record itself is hidden by the filter, the nearest in time is landed on."""
        older = found.entries
        exact = bool(newer) and newer[0].id == anchor
        landed = len(older)
        if not exact and older and (not newer or _nearer(older[-1], newer[0], self.place.time_us)):
            landed -= 1
        whole = (*older, *newer)
        return found._replace(
            entries=whole, landed=min(landed, len(whole) - 1), last=len(newer) < AROUND,
            exact=exact or self.place.kind != "id",
        )  # fmt: skip

    def _counted(self, reading: LogReading, found: WindowAnswer) -> WindowAnswer:
        """With its place among all, where that needs no search."""
        found = found._replace(records=reading.logs.count(), damaged=reading.logs.damaged())
        if searches(self.chosen):
            total = len(found.entries) if found.first and found.last else None
            return found._replace(rank=0 if found.first else None, total=total)
        if not found.entries:
            return found._replace(rank=0, total=0)
        rank, total = reading.logs.rank(self.chosen, found.entries[0].id)
        return found._replace(rank=rank, total=total)


class WindowAnswer(NamedTuple):
    """Records in a row, the oldest first."""

    chosen: LogFilter
    entries: tuple[LogEntry, ...] = ()
    landed: int = -1
    """The one that was asked for, or the nearest."""
    exact: bool = True
    """Whether it is the one that was asked for."""
    first: bool = False
    """Nothing is before them."""
    last: bool = False
    """Nothing is after them."""
    rank: int | None = None
    """How many are before the first; None where that is not known yet."""
    total: int | None = None
    """Records of the filter, where that is known."""
    records: int = 0
    """Records in the store."""
    damaged: Damaged = Damaged()
    """Of them, or beside them, what cannot be read."""
    looked_to: int = 0
    progress: Progress | None = None
    """Where the search has not ended."""
    stopped: bool = False
    """The search was given up: older ones may be missing."""

    @property
    def live(self) -> bool:
        """A list whose newest end is shown is looked at often."""
        return self.last

    def same(self, other: object) -> bool:
        if not isinstance(other, WindowAnswer):
            return False
        ends = [(a.entries[0].id, a.entries[-1].id) if a.entries else None for a in (self, other)]
        mine, others = ((len(a.entries), a.total, a.records, a.damaged, a.progress, a.first) for a in (self, other))
        return ends[0] == ends[1] and mine == others


def _newest_id(reading: LogReading) -> int:
    newest = reading.logs.page(LogFilter(), limit=1)
    return newest[-1].id if newest else -1


def _nearer(older: LogEntry, newer: LogEntry, time_us: int) -> bool:
    """Whether the older one is nearer in time; without a time the newer one is."""
    return bool(time_us) and time_us - older.record.time_us < newer.record.time_us - time_us
