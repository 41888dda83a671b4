"""Credits: how far whoever makes frames may run ahead of whoever draws them. A pure state machine, without a clock.

    cold ── begin: `initial` granted ──▶ flowing ── the last one taken, another wanted ──▶ STARVED
      ▲                                     ▲                                                │
      └────────── end: none are left        └────────────── granted, as frames are drawn ────┘

One credit is taken before a frame is made, and comes back when the frame was drawn or can no longer be. Without a view
there are no credits and none are used; a view that begins brings them, so no one waits for the other. No grant lifts
them over twice the initial number: a view that grants more than it drew cannot open the flood.

Only drawing goes by credits. What is recorded knows nothing of them.
"""

from __future__ import annotations

from typing import Literal

Change = Literal["", "starved", "resumed"]
"""What a call changed, to be said once: not each refusal."""


class Credits:
    """The credits of one view."""

    __slots__ = ("available", "initial", "starved", "viewed")

    def __init__(self, initial: int) -> None:
        if initial < 1:
            raise ValueError("a view needs one credit at least")
        self.initial = initial
        self.available = 0
        self.viewed = False
        self.starved = False

    @property
    def cap(self) -> int:
        return 2 * self.initial

    def begin(self) -> Change:
        """A view is there."""
        self.viewed = True
        return self.grant(self.initial)

    def end(self) -> None:
        """The view is gone, and its credits with it."""
        self.viewed = self.starved = False
        self.available = 0

    def take(self) -> tuple[bool, Change]:
        """Take one, before a frame is made: whether there was one, and whether that is news."""
        if self.available:
            self.available -= 1
            return True, ""
        news = self.viewed and not self.starved
        self.starved = self.starved or news
        return False, "starved" if news else ""

    def grant(self, count: int = 1) -> Change:
        """Give some back: their frames were drawn. Nothing without a view."""
        if not self.viewed or count < 1:
            return ""
        self.available = min(self.cap, self.available + count)
        if not self.starved:
            return ""
        self.starved = False
        return "resumed"
