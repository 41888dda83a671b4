"""The hits of a text search: they stream in newest first, and keys go from one to the next. Asks and draws nothing."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from cornerman.core.logs import LogFilter, Term
from cornerman.core.logs.filter import TEXT

from . import words
from .log_queries import JumpQuery, SearchAnswer, SearchQuery
from .log_view import at_words
from .renderers._cells import visible

if TYPE_CHECKING:
    from .look import Look


class Hits:
    """One search: what is looked for among the records of a filter, from a record backwards."""

    def __init__(self, text: str, chosen: LogFilter, origin: int | None) -> None:
        self.text = text
        self.chosen = LogFilter((*chosen.terms, Term(TEXT, text)))
        self.origin = origin
        self.answer: SearchAnswer | None = None
        self.waiting = True
        """Somebody waits for the next hit."""
        self.at_first = True
        """The record where it began may be that hit itself."""
        self._before: tuple[int, ...] = ()
        """Hits of the searches that this one goes on from."""

    @property
    def query(self) -> SearchQuery:
        before = self._before[-1] if self._before else None if self.origin is None else self.origin + 1
        return SearchQuery(self.chosen, before)

    @property
    def ids(self) -> tuple[int, ...]:
        """Newest first."""
        return (*self._before, *(self.answer.hits if self.answer else ()))

    @property
    def busy(self) -> bool:
        answer = self.answer
        return answer is None or not (answer.done or answer.stopped or answer.full)

    @property
    def stopped(self) -> bool:
        """Whether somebody stopped it: what is further back was not looked at."""
        return self.answer is not None and self.answer.stopped

    def stop(self) -> None:
        """As it will be when the reader has heard of it: what somebody stopped is over for them at once."""
        self.answer = (self.answer or SearchAnswer(self.query, ()))._replace(stopped=True)

    def heard(self, answer: SearchAnswer) -> None:
        self.answer = answer

    def older(self, at: int) -> int | None:
        """The next hit before a record, of those known."""
        ids = self.ids
        rising = ids[::-1]
        place = bisect_left(rising, at)
        return rising[place - 1] if place else None

    def newer(self, at: int) -> int | None:
        """The next hit after a record, where all between are known."""
        rising = self.ids[::-1]
        place = bisect_left(rising, at + 1)
        return rising[place] if place < len(rising) else None

    def forward(self, at: int) -> JumpQuery:
        """The question for the next hit after a record that lies beyond where the search began."""
        return JumpQuery(self.chosen, at, 1, f"hit of {visible(self.text)!r}")

    def go_on(self) -> bool:
        """Search further back from the last hit, where the search ended since it had enough; whether it did."""
        if self.answer is None or not (self.answer.full or self.answer.stopped) or not self.ids:
            return False
        self._before, self.answer = self.ids, None
        return True

    def words(self, at: int | None, now: float, look: Look) -> str:
        """What is looked for, which hit this is, and how far back was searched."""
        ids = self.ids
        name = visible(self.text)[:24]
        place = f"{ids.index(at) + 1:,} of " if at is not None and at in ids[:5000] else ""
        count = f"{place}{len(ids):,}{'+' if self.answer is None or not self.answer.done else ''} hits"
        said = f'"{name}" {count}'
        answer = self.answer
        if answer is None:
            return f"{said}, searching"
        if answer.progress is not None:
            progress = answer.progress
            done = f"{words.count(progress.searched)} of {words.count(progress.total)}"
            verb = "stopped at" if answer.stopped else "searched back to"
            said += f", {verb} {at_words(progress.back_to_us, now)}, {done}"
        elif answer.stopped:
            said += ", stopped"
        return said
