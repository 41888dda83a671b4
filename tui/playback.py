"""Playback: which row is due now. A clock goes in, a row comes out; nothing here reads or draws.

The view may skip rows, storage never does. What was passed over without being drawn is counted by cause in the view
ledger, apart from the loss ledger of the recording.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
NORMAL = SPEEDS.index(1.0)


@dataclass
class ViewLedger:
    """Rows the cursor passed: drawn, or skipped and why. Nothing in it is lost: all of it is stored.

    The reader counts in it too, what it does not decode: hence the lock.
    """

    drawn: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    ratio: float = 1.0
    """Rows passed for each drawn one, over the last few."""
    _lock: Lock = field(default_factory=Lock, repr=False)

    def drew(self, passed: int, cause: str = "") -> None:
        """A row was drawn; `passed` rows before it were not. Without a cause they are counted already."""
        self.drawn += 1
        if cause:
            self.skip(passed, cause)
        self.ratio += (max(0, passed) + 1 - self.ratio) * 0.2

    def undrawn(self, cause: str) -> None:
        """A row that counted as drawn gave way to a newer one before its frame was."""
        self.drawn = max(0, self.drawn - 1)
        self.skip(1, cause)

    def skip(self, rows: int, cause: str) -> None:
        if rows > 0:
            with self._lock:
                self.skipped[cause] = self.skipped.get(cause, 0) + rows

    def by_cause(self) -> dict[str, int]:
        """What was skipped, the most first."""
        with self._lock:
            return dict(sorted(self.skipped.items(), key=lambda item: -item[1]))

    @property
    def words(self) -> str:
        return "1:1" if self.ratio < 1.05 else f"1:{self.ratio:.0f}" if self.ratio >= 9.5 else f"1:{self.ratio:.1f}"


@dataclass
class Player:
    """Playing, paused or following, and how fast."""

    steps_per_second: float = 30.0
    speed: int = NORMAL
    playing: bool = False
    following: bool = False
    _since: float = 0.0
    _from: int = 0

    @property
    def factor(self) -> float:
        return SPEEDS[self.speed]

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.factor * self.steps_per_second

    def play(self, row: int, now: float) -> None:
        self.playing, self.following = True, False
        self._from, self._since = row, now

    def pause(self) -> None:
        self.playing = self.following = False

    def follow(self) -> None:
        self.playing, self.following = False, True

    def change_speed(self, by: int, row: int, now: float) -> None:
        """Faster or slower from here on; the row does not jump."""
        self.speed = max(0, min(len(SPEEDS) - 1, self.speed + by))
        self._from, self._since = row, now

    def due(self, now: float) -> int:
        """The row that should be on the screen."""
        return self._from + int((now - self._since) * self.rate)

    def hold(self, row: int, now: float) -> None:
        """Playback could not go on to where it should be: it continues from `row`."""
        self._from, self._since = row, now
