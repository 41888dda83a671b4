"""The log screen's readers: three threads that are not the feed's, so a run that is watched never waits for a log.

A search of ten million records may take seconds. It has its own thread, so that paging goes on meanwhile; counts have
another. They share one connection, for what it knows of ten million records takes tens of megabytes; a search lets the
others in as it goes. What takes long is interrupted as soon as nobody wants it any more; whoever else that met goes on.

    rows     the window of the list, jumps, one record        what a key press waits for
    counts   timeline, facets, unknown codes                  what a filter is chosen by
    finds    searches, exports                                what takes long, says how far it is, and can be stopped
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.errors import Interrupted

from .feed import Delivery, Feed

if TYPE_CHECKING:
    from cornerman.core.logs import LogFilter
    from cornerman.core.logs.port import Found, LogReader
    from cornerman.core.ports import TelemetryRepository

    from .queries import Query

CHANNELS = {
    "rows": ("jump", "window", "entry", "beside"),
    "counts": ("register", "timeline", "facets", "codes", "bookmarks"),
    "finds": ("search", "export"),
}
"""What is answered by which thread, in the order in which it is where several are asked."""


TRIM_S = 1.0
"""How often memory is given back at most."""


_ARENA_MAX = -8  # mallopt(3), M_ARENA_MAX


def _one_heap() -> Callable[[int], Any] | None:
    """Let the threads to come share the memory that others free; what gives freed memory back, as `malloc_trim` does.

    Of glibc, which keeps a heap for each thread: three readers of ten million records took 200 MB that way, and
    take 125 MB from one, since they wait for each other's turn in Python anyway. Other C libraries have no such heaps.
    """
    try:
        library = ctypes.CDLL(None)
        library.mallopt(_ARENA_MAX, 1)
        return library.malloc_trim
    except (OSError, AttributeError, TypeError):
        return None


class LogReading:
    """A reader of log records, and what a question is told while it is being answered."""

    def __init__(self, logs: LogReader) -> None:
        self.logs = logs
        self.before: Any = None
        """What the same question was answered last, where it is asked again."""
        self.tell: Callable[[Any], None] = lambda answer: None
        """Show this much already."""
        self.wanted: Callable[[], bool] = lambda: True
        """Whether somebody still waits for the answer."""
        self.cancelled: Callable[[], bool] = lambda: False
        """Whether what was found so far is to be the answer."""

    def search(self, chosen: LogFilter, before: int | None) -> Iterator[Found]:
        """The records before an id as they are found, newest first; Interrupted where nobody wants them any more."""
        while True:
            try:
                for part in self.logs.search(chosen, before=before):
                    before = part.entries[-1].id if part.entries else before
                    yield part
                return
            except Interrupted:
                if self.cancelled() or not self.wanted():
                    raise

    def until_cancelled(self) -> _UntilCancelled:
        """What is in here ends early, and without an error, where the person who asked wants no more of it."""
        return _UntilCancelled(self)


class _UntilCancelled:
    """Not by `contextmanager`: of those the checkers believe that they let every error out."""

    def __init__(self, reading: LogReading) -> None:
        self._reading = reading

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        return kind is not None and issubclass(kind, Interrupted) and self._reading.cancelled()


class Connection:
    """The log records of a store, opened when they are first asked for, and anew after a fault."""

    def __init__(self, open_repository: Callable[[bool], TelemetryRepository]) -> None:
        self._open = open_repository
        self._lock = threading.Lock()
        self._repository: TelemetryRepository | None = None
        self._logs: LogReader | None = None
        self._trim = _one_heap()
        self._trim_at = 0.0

    def logs(self) -> LogReader:
        with self._lock:
            logs = self._logs
            if logs is None:
                self._repository = self._open(True)
                logs = self._logs = self._repository.logs
            return logs

    def trim(self) -> None:
        """Give freed memory back to the system, now and then.

        Counting over ten millions takes arrays of tens of megabytes for a moment, and the C library keeps them for
        later. Takes a few milliseconds.
        """
        now = time.monotonic()
        if now >= self._trim_at and self._trim is not None:
            self._trim_at = now + TRIM_S
            self._trim(0)

    def drop(self, logs: LogReader) -> None:
        """Close it; whoever asks next opens another. One that another thread has replaced already is left alone."""
        with self._lock:
            if self._logs is not logs:
                return
            parts, self._logs, self._repository = (self._logs, self._repository), None, None
        for part in parts:
            close = getattr(part, "close", None)
            if close is not None:
                close()


class _Heard(NamedTuple):
    """What a question was answered last, and the version of the records then."""

    query: Query
    version: object
    answer: Any


class LogFeed(Feed):
    """Reads log records for a screen; answers may come in parts."""

    def __init__(
        self,
        name: str,
        connection: Connection,
        open_repository: Callable[[bool], TelemetryRepository],
        wake: Callable[[], None],
    ) -> None:
        super().__init__(open_repository, wake)
        self.order = CHANNELS[name]
        self._connection = connection
        self._thread.name = f"cornerman-log-{name}"
        self._log_reading: LogReading | None = None
        self._last: dict[str, _Heard] = {}
        self._long = False
        """Whether what is being answered may take long: only that is worth an interrupt, which others feel as well."""
        self._cancelled: dict[str, int] = {}
        """By channel: the question that is not to be answered to its end."""

    def ask(self, query: Query) -> None:
        super().ask(query)
        self._interrupt(query.channel)

    def forget(self, *channels: str) -> None:
        super().forget(*channels)
        self._interrupt(*channels)

    def cancel(self, channel: str) -> None:
        """Stop what is being answered; what was found so far is its answer."""
        self._cancelled[channel] = self._generation.get(channel, 0)
        self._interrupt(channel)

    def stop(self) -> None:
        super().stop()
        self._interrupt(self._answering)

    def _interrupt(self, *channels: str) -> None:
        reading = self._log_reading
        if reading is not None and self._answering in channels and self._long:
            reading.logs.interrupt()

    def _answer(self, generation: int, query: Query) -> Any:
        reading = self._log_connected()
        reading.tell = lambda answer: self._tell(generation, query, answer)
        reading.wanted = lambda: not self._stopped and self._generation.get(query.channel) == generation
        reading.cancelled = lambda: self._cancelled.get(query.channel) == generation
        version, before = reading.logs.version(), self._last.get(query.channel)
        if before is not None and before.query != query:
            before = None
        reading.before = before.answer if before is not None else None
        whole = not getattr(reading.before, "stopped", False) or reading.cancelled()
        if query.watched and before is not None and before.version == version and whole:
            return before.answer  # nothing was added or removed
        while True:
            try:
                self._answering, self._long = query.channel, getattr(query, "long", False)
                answer: Any = query.answer(reading)  # type: ignore[arg-type]
            except Interrupted:
                if not reading.wanted():
                    raise
                continue  # it was meant for another question, or this one is to end with what it has
            self._last[query.channel] = _Heard(query, version, answer)
            self._connection.trim()
            return answer

    def _tell(self, generation: int, query: Query, answer: Any) -> None:
        with self._lock:
            if self._generation.get(query.channel) != generation:
                return
            self._answers[query.channel] = (generation, Delivery(query, answer))
        self._wake()

    def _log_connected(self) -> LogReading:
        if self._log_reading is None:
            self._log_reading = LogReading(self._connection.logs())
        return self._log_reading

    def _disconnect(self) -> None:
        reading, self._log_reading = self._log_reading, None
        self._last.clear()
        if reading is not None:
            self._connection.drop(reading.logs)


class LogFeeds:
    """The three of them, started when a log is first looked at."""

    def __init__(self, open_repository: Callable[[bool], TelemetryRepository], wake: Callable[[], None]) -> None:
        connection = Connection(open_repository)
        self._feeds = {name: LogFeed(name, connection, open_repository, wake) for name in CHANNELS}
        self._of = {channel: self._feeds[name] for name, channels in CHANNELS.items() for channel in channels}
        self._started = False

    def ask(self, query: Any) -> None:
        if not self._started:
            self._started = True
            for feed in self._feeds.values():
                feed.start()
        self._of[query.channel].ask(query)

    def forget(self, *channels: str) -> None:
        for channel in channels:
            self._of[channel].forget(channel)

    def forget_all(self) -> None:
        self.forget(*self._of)

    def cancel(self, channel: str) -> None:
        self._of[channel].cancel(channel)

    def waiting(self, channel: str | None = None) -> bool:
        """Whether a question of this channel, or any, has no answer yet."""
        wanted: Iterable[str] = self._of if channel is None else (channel,)
        return any(self._of[each].waiting(each) for each in wanted)

    def take(self) -> list[Delivery]:
        return [delivery for feed in self._feeds.values() for delivery in feed.take()]

    def stop(self) -> None:
        for feed in self._feeds.values():
            feed.stop()
