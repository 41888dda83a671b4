"""The feed: one thread that reads the store, and a slot from which the screen takes the newest answers.

    screen ── ask(query) ──▶ one place a channel, newest wins ──▶ reader thread, own connection
    screen ◀── take() ────── one place a channel, newest wins ◀── answers with the number of their question

Never one message a step: however fast a run records, the screen is woken at most at the display rate and finds one
answer a channel. An answer to a question that was since replaced is dropped. Questions about what can still change are
asked again by the reader itself: often while things change, ever more rarely when they do not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from cornerman.core.errors import Interrupted

from .live import LivePath
from .queries import Answer, Query, Reading, ViewQuery

if TYPE_CHECKING:
    from cornerman.core.ports import TelemetryRepository

ORDER = (
    *("delete", "settle", "view", "rewards", "episodes", "runs"),
    *("versions", "document", "record", "rules", "schemas", "quarantine", "diff"),
)
"""What is answered first where several are asked: what a key press waits for."""
LIVE_S, FOLLOW_S, IDLE_S = 0.25, 1 / 30, 2.0
"""How often a live run is looked at; one that is followed and grows; and a store in which nothing happens."""
PACE = 20
"""What `paced` questions cost at most: they rest so many times as long as they took."""


class Problem(NamedTuple):
    """The store could not answer. `name` is the error's class, for the screen to tell empty from unreadable."""

    name: str
    what: str
    remedy: str


class Delivery(NamedTuple):
    """An answer, and the question it belongs to."""

    query: Query | None
    answer: Answer | Problem


Live: TypeAlias = "LivePath[tuple[int, Delivery]]"
"""How frames of a run that is followed travel: with the number of their question."""


class Feed:
    """Reads for the screens. `wake` is called from the reader's thread when there is something to take."""

    order: Sequence[str] = ORDER

    def __init__(self, open_repository: Callable[[bool], TelemetryRepository], wake: Callable[[], None]) -> None:
        self._open = open_repository
        self._wake = wake
        self._lock = threading.Condition()
        self._asked: dict[str, tuple[int, Query]] = {}
        self._watched: dict[str, _Watch] = {}
        self._answers: dict[str, tuple[int, Delivery]] = {}
        self._generation: dict[str, int] = {}
        self._answering = ""
        self._stopped = False
        self._live: Live | None = None
        self._reading: Reading | None = None
        self._thread = threading.Thread(target=self._run, name="cornerman-feed", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the reader; it holds no transaction between answers, so there is nothing to wait for."""
        with self._lock:
            self._stopped = True
            self._lock.notify()

    def ask(self, query: Query) -> None:
        """Put a question; one of the same channel that is not yet answered is replaced."""
        with self._lock:
            generation = self._generation.get(query.channel, 0) + 1
            self._generation[query.channel] = generation
            self._watched.pop(query.channel, None)
            self._asked[query.channel] = (generation, query)
            if query.channel == "view":
                self._live = getattr(query, "live", None)
                if self._live is not None:
                    self._live.restart()
            self._lock.notify()

    def forget(self, *channels: str) -> None:
        """Nobody looks at these any more."""
        with self._lock:
            for channel in channels:
                self._generation[channel] = self._generation.get(channel, 0) + 1
                self._asked.pop(channel, None)
                self._watched.pop(channel, None)
                self._answers.pop(channel, None)

    def waiting(self, channel: str) -> bool:
        """Whether the newest question of a channel has no answer yet."""
        with self._lock:
            return channel in self._asked or self._answering == channel

    def take(self) -> list[Delivery]:
        """The newest answers, each once, without those whose question was replaced."""
        with self._lock:
            answers = list(self._answers.items())
            self._answers.clear()
            found = [delivery for channel, (g, delivery) in answers if g in (0, self._generation.get(channel))]
            return [*found, *self._live_frame()]

    def _live_frame(self) -> Iterator[Delivery]:
        """The next of the run that is followed, if the view has drawn the last one."""
        while self._live is not None and (item := self._live.take()) is not None:
            generation, delivery = item
            if generation == self._generation.get("view"):
                yield delivery
                return
            self._live.drawn()  # what it answers was replaced meanwhile

    def _run(self) -> None:
        while (job := self._next()) is not None:
            generation, query = job
            began = time.monotonic()
            try:
                if self._followed(generation, query, began):
                    continue
                answer = self._answer(generation, query)
            except Interrupted:  # nobody waits for it any more, and nothing is wrong with the connection
                self._given_up()
                continue
            except Exception as error:  # whatever it is, the screen shows it and goes on
                answer = _problem(error)
                self._disconnect()
            self._answered(generation, query, answer, time.monotonic() - began)
        self._disconnect()

    def _answer(self, generation: int, query: Query) -> Answer | Problem:
        return query.answer(self._connected())

    def _followed(self, generation: int, query: Query, began: float) -> bool:
        """Whether rows were added to a run that is followed: they go the live path, as far as it lets them."""
        live: Live | None = getattr(query, "live", None)
        if live is None or not isinstance(query, ViewQuery):
            return False
        newest = query.newest(self._connected())
        if newest is None or not (live.hidden or live.newer(newest)):
            return False
        rows, answer = live.admit(newest, began), None
        for at, row in enumerate(rows):
            try:
                answer = query.at(self._connected(), row)
            except Exception:
                live.failed(len(rows) - at)
                raise
            live.publish((generation, Delivery(query, answer)))
        with self._lock:
            self._answering = ""
            watch = self._watched.get(query.channel)
            if watch is not None and watch.generation == generation:
                watch.went_on(answer, time.monotonic(), LIVE_S if live.hidden else FOLLOW_S)
        if rows:
            self._wake()
        return True

    def _connected(self) -> Reading:
        if self._reading is None:
            self._reading = Reading(self._open(True), lambda: self._open(False), self._interrupted)
        return self._reading

    def _disconnect(self) -> None:
        """Open the store anew for the next question: what went wrong may have been the connection."""
        close = getattr(self._reading and self._reading.repository, "close", None)
        self._reading = None
        if close is not None:
            close()

    def _interrupted(self) -> bool:
        """Whether a long search should give up: something newer was asked, or the program ends."""
        return self._stopped or "view" in self._asked

    def _next(self) -> tuple[int, Query] | None:
        """The next question: one just asked, else the watched one that is due. None at the end."""
        with self._lock:
            while not self._stopped:
                for channel in self.order:
                    if channel in self._asked:
                        generation, query = self._asked.pop(channel)
                        self._watched[channel] = _Watch(generation, query)
                        self._answering = channel
                        return generation, query
                now = time.monotonic()
                watch = min(self._watched.values(), key=lambda watch: watch.due, default=None)
                if watch is not None and watch.due <= now:
                    watch.due = now + IDLE_S
                    return watch.generation, watch.query
                self._lock.wait(None if watch is None else watch.due - now)
            return None

    def _given_up(self) -> None:
        with self._lock:
            self._answering = ""

    def _answered(self, generation: int, query: Query, answer: Answer | Problem, took: float) -> None:
        with self._lock:
            self._answering = ""
            watch = self._watched.get(query.channel)
            news = True
            if watch is not None and watch.generation == generation:
                news = watch.heard(answer, time.monotonic(), took)
                if not query.watched or getattr(answer, "settled", False):
                    del self._watched[query.channel]
            live: Live | None = getattr(query, "live", None)
            if not news or self._generation.get(query.channel) != generation:
                news = False
            elif live is not None and live.early:
                live.publish((generation, Delivery(query, answer)))
            else:
                self._answers[query.channel] = (generation, Delivery(query, answer))
        if news:
            self._wake()


class _Watch:
    """A question that is asked again: when next, and what was answered last."""

    def __init__(self, generation: int, query: Query) -> None:
        self.generation, self.query = generation, query
        self.due, self._pause = float("inf"), LIVE_S
        self._last: Answer | Problem | None = None

    def heard(self, answer: Answer | Problem, now: float, took: float) -> bool:
        """Note an answer and when to ask again; whether it says anything new."""
        same = answer == self._last if isinstance(answer, Problem) else answer.same(self._last)
        self._last = answer
        if not same:
            self._pause = self._shortest(answer)
        elif not getattr(answer, "live", False):
            self._pause = min(IDLE_S, self._pause * 2)
        else:
            self._pause = min(LIVE_S, self._pause * 2)
        self.due = now + max(self._pause, PACE * took if getattr(self.query, "paced", False) else 0)
        return not same

    def went_on(self, answer: Answer | None, now: float, pause: float) -> None:
        """Rows were added to what is followed; `answer` is the newest that was decoded."""
        self._last = answer or self._last
        self._pause = pause
        self.due = now + pause

    def _shortest(self, answer: Answer | Problem) -> float:
        """Following a run that grows is worth more looks than a list."""
        move = getattr(self.query, "move", None)
        return FOLLOW_S if move is not None and move.kind == "newest" and getattr(answer, "live", False) else LIVE_S


def _problem(error: Exception) -> Problem:
    what = getattr(error, "what", None) or f"{type(error).__name__}: {error}"
    remedy = getattr(error, "remedy", "") or ""
    return Problem(type(error).__name__, str(what), str(remedy))
