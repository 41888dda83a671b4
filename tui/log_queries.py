"""What else the Logs screen asks of a store of log records, and what it gets: plain requests in, plain answers out.

Every question is answered on one of the threads of `log_feed`; what the list shows is asked by `log_window`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from cornerman.core.errors import InvalidOption, NotFound
from cornerman.core.logs import LogFilter

from .log_window import Progress, searches

if TYPE_CHECKING:
    from cornerman.core.logs import Facets, LogEntry, Timeline
    from cornerman.core.logs.unregistered import Unregistered

    from .log_feed import LogReading

MOST_HITS = 10_000
"""Hits of a search that are kept; it goes on from the last one when somebody gets there."""


@dataclass(frozen=True, slots=True)
class JumpQuery:
    """The next record of a filter after an id, or before it."""

    channel: ClassVar[str] = "jump"
    watched: ClassVar[bool] = False
    chosen: LogFilter
    origin: int
    direction: int
    what: str
    """What is looked for, in words."""

    @property
    def long(self) -> bool:
        return searches(self.chosen)

    def answer(self, reading: LogReading) -> JumpAnswer:
        after, before = (self.origin, None) if self.direction > 0 else (None, self.origin)
        with reading.until_cancelled():
            found = reading.logs.page(self.chosen, after=after, before=before, limit=1)
            return JumpAnswer(self, found[0] if found else None)
        return JumpAnswer(self, None, stopped=True)


class JumpAnswer(NamedTuple):
    query: JumpQuery
    entry: LogEntry | None
    stopped: bool = False

    def same(self, other: object) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Every record of a filter before an id, newest first: the hits of a text, which stream in."""

    channel: ClassVar[str] = "search"
    watched: ClassVar[bool] = False
    long: ClassVar[bool] = True
    chosen: LogFilter
    before: int | None

    def answer(self, reading: LogReading) -> SearchAnswer:
        hits: list[int] = []
        found = SearchAnswer(self, ())
        with reading.until_cancelled():
            for part in reading.search(self.chosen, self.before):
                hits += [entry.id for entry in part.entries]
                found = SearchAnswer(self, tuple(hits), Progress.of(part), part.done)
                if part.done or len(hits) >= MOST_HITS or not reading.wanted():
                    return found._replace(full=not found.done)
                if reading.cancelled():
                    break
                reading.tell(found)
        return found._replace(stopped=True)


class SearchAnswer(NamedTuple):
    query: SearchQuery
    hits: tuple[int, ...]
    """Ids, newest first."""
    progress: Progress | None = None
    done: bool = False
    stopped: bool = False
    full: bool = False
    """There may be more than are kept."""

    def same(self, other: object) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """How many records of each level were written when."""

    channel: ClassVar[str] = "timeline"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True
    chosen: LogFilter
    spans: int
    since_us: int | None = None
    until_us: int | None = None

    def answer(self, reading: LogReading) -> TimelineAnswer:
        found = reading.logs.timeline(self.chosen, self.spans, since_us=self.since_us, until_us=self.until_us)
        return TimelineAnswer(self.chosen, found)


class TimelineAnswer(NamedTuple):
    chosen: LogFilter
    timeline: Timeline

    def same(self, other: object) -> bool:
        return isinstance(other, TimelineAnswer) and self.timeline == other.timeline


@dataclass(frozen=True, slots=True)
class FacetsQuery:
    """The values that the records of a filter have, with counts."""

    channel: ClassVar[str] = "facets"
    watched: ClassVar[bool] = True
    paced: ClassVar[bool] = True
    chosen: LogFilter

    def answer(self, reading: LogReading) -> FacetsAnswer:
        return FacetsAnswer(self.chosen, reading.logs.facets(self.chosen))


class FacetsAnswer(NamedTuple):
    chosen: LogFilter
    facets: Facets

    def same(self, other: object) -> bool:
        return isinstance(other, FacetsAnswer) and self.facets == other.facets


@dataclass(frozen=True, slots=True)
class CodesQuery:
    """Codes and loggers that nobody has registered, and how many records have them."""

    channel: ClassVar[str] = "codes"
    watched: ClassVar[bool] = False

    def answer(self, reading: LogReading) -> CodesAnswer:
        from cornerman.core.logs.unregistered import unregistered

        return CodesAnswer(unregistered(reading.logs.facets(LogFilter())))


class CodesAnswer(NamedTuple):
    found: tuple[Unregistered, ...]

    def same(self, other: object) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class RegisterQuery:
    """Make a code known, with the words of the newest record that has it. Done once."""

    channel: ClassVar[str] = "register"
    watched: ClassVar[bool] = False
    code: str

    def answer(self, reading: LogReading) -> RegisterAnswer:
        from cornerman.log_catalog import CatalogError, register_code

        found = reading.logs.page(LogFilter().only("code", self.code), limit=1)
        if not found:
            raise NotFound(f"No record has the code {self.code} any more.", "")
        record = found[-1].record
        component = record.component or "Worker"
        message = " ".join(record.message.split())[:200] or self.code
        try:
            register_code(self.code, record.level, component, message, subcomponent=record.subcomponent)
        except CatalogError as error:
            raise InvalidOption(f"{error}.", "`cornerman codes register` takes other words.") from error
        return RegisterAnswer(self.code, component, f"cornerman codes show {self.code}")


@dataclass(frozen=True, slots=True)
class RegisterLoggerQuery:
    """Say which component a logger belongs to. Done once."""

    channel: ClassVar[str] = "register"
    watched: ClassVar[bool] = False
    logger: str
    component: str

    def answer(self, reading: LogReading) -> RegisterAnswer:
        from cornerman.log_catalog import CatalogError, register_log_domain

        try:
            register_log_domain(self.logger, self.component)
        except CatalogError as error:
            raise InvalidOption(f"{error}.", "`cornerman codes logger` takes other words.") from error
        return RegisterAnswer(self.logger, self.component, "cornerman codes components")


class RegisterAnswer(NamedTuple):
    name: str
    component: str
    twin: str
    """The command that shows it."""

    def same(self, other: object) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class BookmarksQuery:
    """The records of some ids; those that were removed are None."""

    channel: ClassVar[str] = "bookmarks"
    watched: ClassVar[bool] = False
    ids: tuple[int, ...]

    def answer(self, reading: LogReading) -> BookmarksAnswer:
        return BookmarksAnswer(tuple((id, _entry(reading, id)) for id in self.ids))


class BookmarksAnswer(NamedTuple):
    entries: tuple[tuple[int, LogEntry | None], ...]

    def same(self, other: object) -> bool:
        return False


def _entry(reading: LogReading, id: int) -> LogEntry | None:
    try:
        return reading.logs.entry(id)
    except NotFound:
        return None
