"""The log screen's readers: three threads, each with a connection of its own to the log records.

A search of ten million records may take seconds. It has its own thread, so that paging goes on meanwhile; counts have
another; and none of them is the feed's thread, so that a run that is watched never waits for a log. What is being
answered is interrupted as soon as nobody wants it any more.

    rows     the window of the list, jumps, one record        what a key press waits for
    counts   timeline, facets, unknown codes                  what a filter is chosen by
    finds    searches, exports                                what takes long, says how far it is, and can be stopped
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from cornerman.core.errors import Interrupted

from .feed import Delivery, Feed

if TYPE_CHECKING:
    from cornerman.core.logs.port import LogReader
    from cornerman.core.ports import TelemetryRepository

    from .queries import Query

CHANNELS = {
    "rows": ("jump", "window", "entry", "beside"),
    "counts": ("register", "timeline", "facets", "codes", "bookmarks"),
    "finds": ("search", "export"),
}
"""What is answered by which thread, in the order in which it is where several are asked."""


class LogReading:
    """A reader of log records, and what a question is told while it is being answered."""

    def __init__(self, repository: TelemetryRepository) -> None:
        self.repository = repository
        self.logs: LogReader = repository.logs  # type: ignore[attr-defined]
        self.before: Any = None
        """What the same question was answered last, where it is asked again."""
        self.tell: Callable[[Any], None] = lambda answer: None
        """Show this much already."""
        self.wanted: Callable[[], bool] = lambda: True
        """Whether somebody still waits for the answer."""
        self.cancelled: Callable[[], bool] = lambda: False
        """Whether what was found so far is to be the answer."""


class LogFeed(Feed):
    """Reads log records for a screen; answers may come in parts."""

    def __init__(
        self, name: str, open_repository: Callable[[bool], TelemetryRepository], wake: Callable[[], None]
    ) -> None:
        super().__init__(open_repository, wake)
        self.order = CHANNELS[name]
        self._thread.name = f"cornerman-log-{name}"
        self._log_reading: LogReading | None = None
        self._last: dict[str, tuple[Query, Any]] = {}
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
        if reading is not None and self._answering and self._answering in channels:
            reading.logs.interrupt()

    def _answer(self, generation: int, query: Query) -> Any:
        reading = self._log_connected()
        before = self._last.get(query.channel)
        reading.before = before[1] if before is not None and before[0] == query else None
        reading.tell = lambda answer: self._tell(generation, query, answer)
        reading.wanted = lambda: not self._stopped and self._generation.get(query.channel) == generation
        reading.cancelled = lambda: self._cancelled.get(query.channel) == generation
        while True:
            try:
                self._answering = query.channel
                answer: Any = query.answer(reading)  # type: ignore[arg-type]
            except Interrupted:
                if not reading.wanted() or reading.cancelled():
                    raise
                continue  # meant for the question before, which had its answer by then
            self._last[query.channel] = query, answer
            return answer

    def _tell(self, generation: int, query: Query, answer: Any) -> None:
        with self._lock:
            if self._generation.get(query.channel) != generation:
                return
            self._answers[query.channel] = (generation, Delivery(query, answer))
        self._wake()

    def _log_connected(self) -> LogReading:
        if self._log_reading is None:
            self._log_reading = LogReading(self._open(True))
        return self._log_reading

    def _disconnect(self) -> None:
        reading, self._log_reading = self._log_reading, None
        self._last.clear()
        close = getattr(reading and reading.repository, "close", None)
        if close is not None:
            close()


class LogFeeds:
    """The three of them, started when a log is first looked at."""

    def __init__(self, open_repository: Callable[[bool], TelemetryRepository], wake: Callable[[], None]) -> None:
        self._feeds = {name: LogFeed(name, open_repository, wake) for name in CHANNELS}
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
