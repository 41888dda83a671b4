"""Where the reader of a list of log records is: the filter, the records around, the cursor, and what is kept of it.

Nothing here draws or asks; the screen hands in answers and puts the question that `query` is. The cursor is a record,
not a number: whatever comes, goes or is hidden, it stays on it. Where a filter hides the record itself the cursor is
on the nearest one in time, and returns to it when a filter shows it again.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from .log_window import NEWEST, Place, WindowQuery

if TYPE_CHECKING:
    from cornerman.core.logs import LogEntry, LogFilter

    from .log_window import WindowAnswer

EDGE = 60
"""Records from the end of what is read at which more is asked for: two screens of them."""
MOST_UNDO = 50


class LogCursor:
    """A place in a filtered list of which only a window is known."""

    def __init__(self, chosen: LogFilter, place: Place = NEWEST) -> None:
        self.chosen = chosen
        self.place = place
        self.answer: WindowAnswer | None = None
        self.index = -1
        self.following = place.kind == "newest"
        self.said = ""
        self._kept: Place | None = None
        """The record that the person went to last."""
        self._landing = True
        """The next answer says where the cursor is; else the cursor is looked for in it."""
        self._keep = False
        """Landing is for a new filter: what is kept stays kept."""
        self._reading_on = False
        self._before: list[LogFilter] = []

    @property
    def query(self) -> WindowQuery:
        return WindowQuery(self.chosen, self.place)

    @property
    def entries(self) -> tuple[LogEntry, ...]:
        return self.answer.entries if self.answer is not None else ()

    @property
    def entry(self) -> LogEntry | None:
        """The record under the cursor."""
        return self.entries[self.index] if 0 <= self.index < len(self.entries) else None

    @property
    def newer(self) -> int | None:
        """How many records are after the one under the cursor; None where that is not known."""
        answer = self.answer
        if answer is None or answer.total is None or answer.rank is None:
            return None
        return max(0, answer.total - answer.rank - self.index - 1)

    # ---- going somewhere -----------------------------------------------------------------------------------------

    def go(self, place: Place) -> bool:
        """Go to a place; whether that has to be asked for."""
        self.said = ""
        if place.kind == "id" and (at := self._position(place.value)) is not None:
            self.following = False
            self.index = at
            self._keep_entry()
            return self._read_on()
        self.place, self.following = place, place.kind == "newest"
        self._landing, self._keep = True, False
        return True

    def resume(self) -> None:
        """Looked at again after a while: around the same record."""
        entry = self.entry
        if entry is not None and not self.following and not self._landing:
            self.place = Place("id", entry.id, entry.record.time_us)

    def move(self, by: int) -> bool:
        """Some records up or down; whether more has to be asked for."""
        if not self.entries:
            return False
        was_following, self.following = self.following, False
        self._landing = False
        wanted = self.index + by
        self.index = max(0, min(len(self.entries) - 1, wanted))
        self.said = self._end_of(wanted)
        self._keep_entry()
        return self._read_on(was_following)

    def _end_of(self, wanted: int) -> str:
        answer = self.answer
        if answer is None or 0 <= wanted < len(answer.entries):
            return ""
        if wanted < 0 and answer.first:
            return "this is the very first record"
        return "this is the newest record: f follows" if wanted > 0 and answer.last else ""

    def _read_on(self, anyway: bool = False) -> bool:
        """Whether the window has to move, since the cursor is near an end that is not the last."""
        answer, entry = self.answer, self.entry
        if answer is None or entry is None:
            return False
        near = (self.index < EDGE and not answer.first) or (
            self.index >= len(answer.entries) - EDGE and not answer.last
        )
        if not anyway and (not near or self._reading_on):
            return False
        self.place = Place("id", entry.id, entry.record.time_us)
        self._reading_on = True
        return True

    def _keep_entry(self) -> None:
        if (entry := self.entry) is not None:
            self._kept = Place("id", entry.id, entry.record.time_us)

    # ---- filters -------------------------------------------------------------------------------------------------

    def choose(self, chosen: LogFilter) -> bool:
        """Another filter, around the same record; whether it is another one."""
        if chosen == self.chosen:
            return False
        self._before = [*self._before, self.chosen][-MOST_UNDO:]
        self._choose(chosen)
        return True

    def undo(self) -> bool:
        """The filter before; whether there was one."""
        if not self._before:
            return False
        self._choose(self._before.pop())
        return True

    def _choose(self, chosen: LogFilter) -> None:
        self.chosen, self.said = chosen, ""
        if self.following or self._kept is None:
            self.place, self.following = NEWEST, self.following or self.place.kind == "newest"
        else:
            self.place = self._kept
        self._landing = self._keep = True

    # ---- answers -------------------------------------------------------------------------------------------------

    def heard(self, answer: WindowAnswer) -> bool:
        """Take an answer to `query`; whether more has to be asked for at once."""
        under = self.entry
        self.answer, self._reading_on = answer, False
        if self._landing:
            self._land(answer)
        elif self.following:
            self.index = len(answer.entries) - 1
        elif under is not None:
            ids = [entry.id for entry in answer.entries]
            self.index = min(bisect_left(ids, under.id), len(ids) - 1)
        return not self.following and answer.progress is None and self._read_on()

    def stop(self) -> None:
        """Somebody stopped the search for its records: that is over for them before the reader has heard of it."""
        if self.answer is not None:
            self.answer = self.answer._replace(stopped=True)

    def _land(self, answer: WindowAnswer) -> None:
        self.index = answer.landed
        if answer.progress is not None and not answer.stopped:
            return  # more of it is on its way
        self._landing = False
        if self._keep and not answer.exact and answer.entries:
            self.said = "the record is hidden by this filter; this is the nearest (u: filter before)"
        elif not self._keep:
            if self.place.kind == "id" and not answer.exact and answer.entries:
                self.said = "that record is not among these; this is the nearest"
            if not self.following:
                self._keep_entry()

    def _position(self, id: int) -> int | None:
        """Where a record is in the window."""
        ids = [entry.id for entry in self.entries]
        at = bisect_left(ids, id)
        return at if at < len(ids) and ids[at] == id else None
