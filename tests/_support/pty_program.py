"""A program in a pseudo-terminal: what it sent, the modes of its line, and how it ended."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import termios
import time
from typing import Any

PATIENCE_S = 30.0
DROPPED = ("NO_COLOR", "COLORTERM", "TMUX", "TERM", "LC_ALL", "LANG", "COLUMNS", "LINES")


class PtyProgram:
    """Started at once, in a terminal of 100 x 30 with true colours and UTF-8 unless `environ` says otherwise."""

    def __init__(self, command: list[str], **environ: str) -> None:
        kept = {key: value for key, value in os.environ.items() if key not in DROPPED}
        wanted = {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8", **environ}
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.modes_before = self.modes()
        self.sent = b""
        self._code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(self._slave)
            os.execvpe(command[0], command, {key: value for key, value in wanted.items() if value})

    def modes(self) -> list[Any]:
        return termios.tcgetattr(self._slave)

    def send(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def wait_for(self, marker: bytes) -> None:
        """Read until a text was sent; fail with what was sent instead."""
        deadline = time.monotonic() + PATIENCE_S
        while marker not in self.sent:
            assert time.monotonic() < deadline, f"{marker!r} never came; the end of what did: {self.sent[-800:]!r}"
            self._read(0.1)

    def wait(self) -> int:
        """The exit code; what is still sent is read meanwhile."""
        deadline = time.monotonic() + PATIENCE_S
        while self.alive():
            assert time.monotonic() < deadline, "the program did not end"
            self._read(0.05)
        self._read(0.05)
        assert self._code is not None
        return self._code

    def alive(self) -> bool:
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
        return self._code is None

    def hang_up(self) -> None:
        """The other side of the terminal goes away, as a lost SSH connection makes it."""
        os.close(self._slave)
        os.close(self._master)
        self._master = self._slave = -1

    def close(self) -> None:
        if self.alive():
            os.kill(self.pid, 9)
            os.waitpid(self.pid, 0)
        if self._master != -1:
            os.close(self._slave)
            os.close(self._master)

    def _read(self, seconds: float) -> None:
        waiting = select.poll()  # a worker that has run many tests may have more descriptors than select() knows
        waiting.register(self._master, select.POLLIN)
        while waiting.poll(seconds * 1000):
            self.sent += os.read(self._master, 1 << 16)
            seconds = 0
