"""Pseudo-terminals for a command's outputs, so that it writes to the terminal as it would without us.

An output that is our terminal becomes a terminal of its own: programs colour what they write, and draw their bars. Its
line is set to change nothing on the way (no carriage returns are added), so what is passed on is what was written; our
own terminal adds them as it always did. The keyboard stays the command's own. What a full-screen program asks of the
terminal through its output (no echo, single keys) is carried over to ours, and taken back at the end.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import termios
from typing import Any

_INPUT, _OUTPUT, _LOCAL, _KEYS = 0, 1, 3, 6
_NEWLINES = termios.ONLCR | termios.OCRNL | termios.ONOCR | termios.ONLRET


class OutputTerminal:
    """One output's pseudo-terminal. `ours` is the descriptor of the terminal that sees what is written to it."""

    def __init__(self, ours: int) -> None:
        self.ours = ours
        self.source, self.slave = os.openpty()
        self._before = termios.tcgetattr(ours)
        mode = termios.tcgetattr(ours)
        mode[_OUTPUT] = mode[_OUTPUT] & ~(_NEWLINES | getattr(termios, "TABDLY", 0)) | termios.OPOST
        termios.tcsetattr(self.slave, termios.TCSANOW, mode)
        self._mode = self._seen()
        self._changed = False
        self.resize()

    def resize(self) -> None:
        """As large as our terminal is now."""
        with contextlib.suppress(OSError):
            size = fcntl.ioctl(self.ours, termios.TIOCGWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
            fcntl.ioctl(self.source, termios.TIOCSWINSZ, size)

    def mirror(self) -> None:
        """Carry over what the command has changed of its line."""
        try:
            mode = self._seen()
        except termios.error:
            return
        if mode == self._mode:
            return
        self._mode = mode
        if not self._ours_to_set():
            return
        self._changed = True
        with contextlib.suppress(termios.error):
            ours = termios.tcgetattr(self.ours)
            for part in (_INPUT, _LOCAL, _KEYS):
                ours[part] = mode[part]
            ours[_OUTPUT] = (
                ours[_OUTPUT] | termios.OPOST if mode[_OUTPUT] & termios.OPOST else ours[_OUTPUT] & ~termios.OPOST
            )
            termios.tcsetattr(self.ours, termios.TCSANOW, ours)

    def restore(self) -> None:
        """Our terminal as it was, where the command left it otherwise."""
        if self._changed and self._ours_to_set():
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self.ours, termios.TCSANOW, self._before)

    def _ours_to_set(self) -> bool:
        """A job in the background that sets the terminal is stopped for it."""
        try:
            return os.tcgetpgrp(self.ours) == os.getpgrp()
        except OSError:
            return False

    def _seen(self) -> list[Any]:
        return termios.tcgetattr(self.source)


def is_terminal(descriptor: int) -> bool:
    try:
        return os.isatty(descriptor)
    except OSError:
        return False


def in_foreground() -> bool:
    """Whether the keyboard is ours: what it sends goes to our process group, and so to the command in it."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False
