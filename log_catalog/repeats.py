"""Folding a flood: the first lines of a code are let through, the rest of its window is counted and then said."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .constant import LogConstant


@dataclass(slots=True)
class _Window:
    constant: LogConstant
    since: float
    passed: int = 0
    held: int = 0


class Repeats:
    """Per code at most `burst` lines in `seconds`. Not safe between threads: its owner holds a lock."""

    def __init__(self, seconds: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.burst = burst
        self.clock = clock
        self._windows: dict[str, _Window] = {}
        self._holding: set[str] = set()

    def admit(self, constant: LogConstant) -> int | None:
        """How many equal lines were held back before this one, which may go; None where it is held back itself."""
        now = self.clock()
        window = self._windows.get(constant.code)
        if window is None:
            window = self._windows[constant.code] = _Window(constant, now)
        elif now - window.since >= self.seconds:
            self._holding.discard(constant.code)
            held, window.held, window.since, window.passed = window.held, 0, now, 1
            return held
        if window.passed < self.burst:
            window.passed += 1
            return 0
        self._hold(window, 1)
        return None

    def give_back(self, constant: LogConstant, held: int) -> None:
        """A line that was let through could not be written after all: it and those before it count as held back."""
        window = self._windows[constant.code]
        window.passed -= 1
        self._hold(window, held + 1)

    def due(self) -> list[tuple[LogConstant, int]]:
        """Codes whose window is over with lines held back, and how many; they are said now, so they are let go."""
        if not self._holding:
            return []
        now = self.clock()
        return self._let_go(code for code in self._holding if now - self._windows[code].since >= self.seconds)

    def all(self) -> list[tuple[LogConstant, int]]:
        """The same for every code, because the program ends."""
        return self._let_go(self._holding)

    def holding(self, constant: LogConstant) -> int:
        """How many lines of a code are held back."""
        window = self._windows.get(constant.code)
        return window.held if window else 0

    def _hold(self, window: _Window, lines: int) -> None:
        window.held += lines
        self._holding.add(window.constant.code)

    def _let_go(self, codes: Iterable[str]) -> list[tuple[LogConstant, int]]:
        found = [self._windows.pop(code) for code in sorted(codes)]
        self._holding.difference_update(window.constant.code for window in found)
        return [(window.constant, window.held) for window in found]
