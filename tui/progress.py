"""How a headless recording shows that it moves: a bar where a person looks, a line now and then where a log is kept.

Small on purpose: the usual libraries would bring the terminal's machinery into a process that only records.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any, Protocol, TextIO

from . import output


class Progress(Protocol):
    """What is shown: how far it is. `fraction` is None where no end is known."""

    @property
    def steps(self) -> int: ...
    @property
    def episodes(self) -> int: ...
    @property
    def last_return(self) -> float | None: ...
    @property
    def seconds(self) -> float: ...
    @property
    def steps_per_second(self) -> float: ...
    @property
    def fraction(self) -> float | None: ...


class Ticker:
    """One line that is drawn anew: ten times a second on a terminal, every ten seconds elsewhere."""

    def __init__(self, title: str, stream: TextIO | None = None) -> None:
        self._title = title
        self._stream: Any = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._interval = 0.1 if self._terminal else 10.0
        self._next = time.monotonic() + (0.0 if self._terminal else self._interval)
        self._drawn = False

    def due(self) -> bool:
        """Whether it is time for another line; asked as often as you like."""
        now = time.monotonic()
        if now < self._next:
            return False
        self._next = now + self._interval
        return True

    def draw(self, line: str) -> None:
        if self._terminal:
            width = shutil.get_terminal_size().columns - 1
            self._write("\r" + line[:width].ljust(width))
            self._drawn = True
        else:
            self._write(line + "\n")

    def close(self) -> None:
        """Leave an empty line where the bar was."""
        if self._drawn:
            self._write("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")

    def bar(self, done: float, width: int = 14) -> str:
        """What part is done, as a picture; '' where only lines are written."""
        if not self._terminal:
            return ""
        unicode = "utf" in (getattr(self._stream, "encoding", "") or "").lower()
        full, empty = ("━", "─") if unicode else ("#", ".")
        filled = min(width, int(done * width))
        return full * filled + empty * (width - filled) + " "

    def _write(self, text: str) -> None:
        """A reader that went away is no reason to stop the work."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError:
            self._next = float("inf")


class Reporter(Ticker):
    """The progress of a recording: called after each step."""

    def __call__(self, progress: Progress) -> None:
        if self.due():
            self.draw(self._line(progress))

    def _line(self, progress: Progress) -> str:
        parts = [
            f"{output.count(progress.steps)} steps",
            f"{output.rate(progress.steps_per_second)}/s",
            f"{output.count(progress.episodes)} episodes",
            f"last return {output.number(progress.last_return)}",
        ]
        done = progress.fraction
        if done is None:
            return f"{self._title}  {' · '.join(parts)}"
        left = progress.seconds / done * (1 - done) if done > 0 else None
        parts.append(f"{output.duration(left)} left")
        return f"{self._title}  {self.bar(done)}{done:4.0%} · {' · '.join(parts)}"
