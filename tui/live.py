"""The live path: from the reader that decodes rows of a run which is followed, to the screen that draws them.

    reader ── admit ─▶ which rows to decode, a credit each ── publish ─▶ queue ── take ─▶ screen ── drawn ─▶ credits

Recording does not come by here: whatever is passed over is in the store. What limits drawing is counted by cause, once
for each row that was not drawn:

    throttled         more rows came than the view draws a second, or than one in n of `view.every`
    credit starved    the view has not drawn what was decoded for it, so nothing more is decoded
    live queue full   decoded, and pushed out by newer ones before the view came to it
    byte budget       the same, while the view waited for room in the connection
    no view           nobody looked: another screen is in front

The queue keeps the newest few, so what is drawn is never old; credits keep the reader from decoding what will be pushed
out. A pushed-out frame's credit comes back with the next one that is drawn: that is the proof that someone looks.

Before the view is laid out the first frames wait in the early buffer, which uses no credits, and are shown when it is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from cornerman.core.credits import Change, Credits
from cornerman.log_catalog import LogConstant, log
from cornerman.log_catalog.view import (
    LOG_CREDIT_RESUMED,
    LOG_CREDIT_STARVED,
    LOG_EARLY_BUFFERING,
    LOG_EARLY_DISCARDED,
)

from .playback import ViewLedger

CREDITS = 8
"""Frames that may be decoded ahead of what is drawn: a quarter of a second at full rate."""
QUEUED = 4
"""Of these, how many wait to be drawn; older ones give way."""
EARLY = 8
"""Frames that wait for the view to be laid out."""
BURST = 4.0
"""Rows that a view which had little to draw may draw at once, so that a run slower than it is drawn row by row."""

CATCH_UP = 0.75

THROTTLED, STARVED, QUEUE_FULL, BYTE_BUDGET, NO_VIEW = (
    "throttled", "credit starved", "live queue full", "byte budget", "no view",
)  # fmt: skip

Item = TypeVar("Item")


class LivePath(Generic[Item]):
    """One followed stream on its way to one view. Safe from both threads."""

    def __init__(
        self, ledger: ViewLedger, frames_per_second: float = 30.0, every: int = 1,
        say: Callable[[LogConstant], Any] = log,
    ) -> None:  # fmt: skip
        self.credits = Credits(CREDITS)
        self.ledger = ledger
        self.rate, self.every = frames_per_second, max(1, every)
        self._say = say
        self._lock = threading.Lock()
        self._early: deque[Item] | None = deque()
        self._early_said: set[LogConstant] = set()
        self._queue: deque[Item] = deque()
        self._in_hand = False
        self._held = ""
        self._owed = 0
        self._seen: int | None = None
        self._tokens, self._at = 1.0, 0.0

    # ---- the reader's side ---------------------------------------------------------------------------------------

    def newer(self, newest: int) -> bool:
        """Whether a row has come since the last that was decided about."""
        return self._seen is None or newest > self._seen

    def admit(self, newest: int, now: float) -> list[int]:
        """The rows to decode now, oldest first: those that rate and credits allow. The others are counted."""
        with self._lock:
            opened = self._seen is None
            first = newest if self._seen is None else self._seen + 1
            self._seen = max(newest, first - 1)
            if not self.credits.viewed and self._early is None:
                self.ledger.skip(newest + 1 - first, NO_VIEW)
                return []
            if opened:
                self._tokens, self._at = 0.0, now
            due = [newest] if opened else self._due(first, newest, now)
            self.ledger.skip(newest + 1 - first - len(due), THROTTLED)
            admitted = [row for row in due if self._early is not None or self._take()]
            self.ledger.skip(len(due) - len(admitted), STARVED)
            return admitted

    def _due(self, first: int, newest: int, now: float) -> list[int]:
        """The newest of some rows: every n-th, and no more than the rate allows.

        Where frames wait they come a little slower than they are drawn, so that what is drawn becomes new again.
        """
        rate = self.rate if len(self._queue) < 2 else self.rate * CATCH_UP
        self._tokens = min(BURST, self._tokens + (now - self._at) * rate)
        self._at = now
        rows = [row for row in range(max(first, newest + 1 - self.every * int(BURST)), newest + 1)
                if not row % self.every]  # fmt: skip
        rows = rows[max(0, len(rows) - int(self._tokens)) :]
        self._tokens -= len(rows)
        return rows

    def publish(self, item: Item) -> None:
        """Put what was decoded on its way; on a full queue the oldest gives way."""
        with self._lock:
            if self._early is not None:
                self._wait_early(item)
            elif self.credits.viewed:
                self._push(item)

    def failed(self, rows: int) -> None:
        """Rows that were admitted could not be decoded."""
        with self._lock:
            self._tell(self.credits.grant(rows))

    def restart(self) -> None:
        """Another run, stream or place is looked at: what is under way is for nobody any more."""
        with self._lock:
            self._owed += len(self._queue) + self._in_hand
            self._queue.clear()
            self._in_hand, self._held, self._seen = False, "", None
            self._settle()
            if self._early is not None:
                self._early.clear()

    # ---- the view's side -----------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The view is laid out: what waited for it is shown, the newest of it where there is too much."""
        with self._lock:
            if self.credits.viewed:
                return
            self._tell(self.credits.begin())
            early, self._early = self._early or (), None
            for item in early:
                if self._take():
                    self._push(item)

    def end(self) -> None:
        """Nobody looks: no frame is decoded, no credit used."""
        with self._lock:
            self.credits.end()
            self.ledger.skip(len(self._queue), NO_VIEW)
            self._queue.clear()
            self._in_hand, self._held, self._owed = False, "", 0

    def take(self) -> Item | None:
        """The next to be drawn; None while there is none, or the last one is not drawn yet."""
        with self._lock:
            if self._in_hand or not self._queue:
                return None
            self._in_hand = True
            return self._queue.popleft()

    def hold(self, cause: str) -> None:
        """What was taken cannot be drawn yet, and why."""
        with self._lock:
            self._held = cause if self._in_hand else ""

    def drawn(self) -> bool:
        """What was taken is on the screen; whether another waits."""
        with self._lock:
            if self._in_hand:
                self._owed += 1
                self._in_hand, self._held = False, ""
                self._settle()
            return bool(self._queue)

    @property
    def early(self) -> bool:
        """Whether the view was never laid out so far."""
        return self._early is not None

    @property
    def hidden(self) -> bool:
        """Whether the view that was there is behind another screen: nothing is read for it."""
        return self._early is None and not self.credits.viewed

    @property
    def under_way(self) -> int:
        """Frames decoded and not drawn yet."""
        return len(self._queue) + self._in_hand

    # ---- inside --------------------------------------------------------------------------------------------------

    def _take(self) -> bool:
        there, change = self.credits.take()
        self._tell(change)
        return there

    def _push(self, item: Item) -> None:
        if len(self._queue) >= QUEUED:
            self._queue.popleft()
            self._owed += 1
            self.ledger.skip(1, self._held or QUEUE_FULL)
        self._queue.append(item)

    def _settle(self) -> None:
        self._tell(self.credits.grant(self._owed))
        self._owed = 0

    def _wait_early(self, item: Item) -> None:
        assert self._early is not None
        self._say_once(LOG_EARLY_BUFFERING)
        if len(self._early) >= EARLY:
            self._early.popleft()
            self.ledger.skip(1, NO_VIEW)
            self._say_once(LOG_EARLY_DISCARDED)
        self._early.append(item)

    def _say_once(self, constant: LogConstant) -> None:
        if constant not in self._early_said:
            self._early_said.add(constant)
            self._say(constant)

    def _tell(self, change: Change) -> None:
        if change:
            self._say(LOG_CREDIT_STARVED if change == "starved" else LOG_CREDIT_RESUMED)
