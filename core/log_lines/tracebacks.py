"""Which lines are one traceback: from its head to the line that names the exception, and on, where it is chained.

A traceback that stops in the middle must not hold its lines back for ever: whoever collects gives up after a while.
"""

from __future__ import annotations

import re
from typing import Final

MOST_LINES: Final = 2000
MOST_BYTES: Final = 1 << 18
_HEAD = "Traceback (most recent call last)"
_GROUP = "Exception Group Traceback (most recent call last)"
_FATAL = ("Fatal Python error: ", "Current thread 0x", "Thread 0x")
_CHAINED = (
    "During handling of the above exception, another exception occurred:",
    "The above exception was the direct cause of the following exception:",
)
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]{0,200}(?::|$)")


def begins(text: str) -> bool:
    """Whether a line is the head of a traceback."""
    if text.startswith(("Traceback (", "  + Exception G", "  | Exception G", "Fatal P")):
        return _HEAD in text or _GROUP in text or text.startswith(_FATAL[0])
    return False


class Traceback:
    """The lines of one traceback, while it comes."""

    def __init__(self, head: str, began_us: int) -> None:
        self.lines = [head]
        self.began_us = self.fed_us = began_us
        self._bytes = len(head)
        self._fatal = head.startswith(_FATAL[0])
        self._group = "Exception Group" in head
        self._named = -1
        """The index of the line that names the exception; a chained one may still follow."""

    def take(self, text: str, now_us: int) -> bool:
        """Whether the line belongs to it; one that does not ends it."""
        if len(self.lines) >= MOST_LINES or self._bytes > MOST_BYTES or not self._belongs(text):
            return False
        self.lines.append(text)
        self.fed_us = now_us
        self._bytes += len(text)
        return True

    def _belongs(self, text: str) -> bool:
        inside = text[:1] in (" ", "\t") or not text.strip()
        if self._fatal:
            return inside or text.startswith(_FATAL) or text.startswith("Extension modules:")
        if self._named < 0:
            if not inside:
                if self._group:
                    return False
                self._named = len(self.lines)
            return True
        if not text:  # between two chained ones
            return len(self.lines) - self._named <= 3
        between = self.lines[self._named + 1 :]
        if text.startswith(_CHAINED):
            return bool(between)
        if text.startswith((_HEAD, "  + Exception Group")) and any(line.startswith(_CHAINED) for line in between):
            self._named, self._group = -1, "Exception Group" in text
            return True
        return not between and text[:1] in (" ", "\t")  # more of the exception's message

    def trimmed(self) -> int:
        """Takes blank lines off the end, which only might have been before a chained one; how many there were."""
        count = 0
        while len(self.lines) > 1 and not self.lines[-1].strip():
            self.lines.pop()
            count += 1
        return count

    @property
    def message(self) -> str:
        """What happened: the last line that names an exception."""
        if self._fatal or not 0 < self._named < len(self.lines):
            named = [line for line in self.lines if _EXCEPTION.match(line) and not line.startswith(_HEAD)]
            return (named[0] if self._fatal else named[-1]) if named else self._in_group() or self.lines[0].strip()
        return self.lines[self._named]

    def _in_group(self) -> str:
        """The first line of an exception group's box."""
        boxed = (line[4:] for line in self.lines if line.startswith("  | ") and _EXCEPTION.match(line[4:]))
        return next((line for line in boxed if not line.startswith("Exception Group Traceback")), "")

    @property
    def exception(self) -> str:
        """The name of its class, where the message begins with one."""
        found = _EXCEPTION.match(self.message)
        return found[0].rstrip(":") if found else ""
