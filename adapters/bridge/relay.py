"""One output of a command: what it writes goes to whoever keeps it, and on to where ours goes, byte for byte.

A thread for each output: a terminal that waits (Ctrl-S, a pager) holds up what is written to it, as it would without
us, and nothing else. What reads slower than the command writes slows the command, as it would without us.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from typing import Final, Protocol

from .terminal import OutputTerminal

PIECE: Final = 1 << 20
TICK_SECONDS: Final = 0.1
DRAIN_SECONDS: Final = 2.0
"""So long what comes is still read after the command's end, where its children go on writing."""


class Keeper(Protocol):
    """Who is given what is passed on. It may not take long: the command waits."""

    def feed(self, output: str, data: bytes) -> None: ...
    def close(self, output: str) -> None: ...


class Relay(threading.Thread):
    """Passes one output on. `ended` is set when the command's own process is no more."""

    def __init__(
        self, output: str, source: int, target: int, keeper: Keeper, ended: threading.Event, pty: OutputTerminal | None
    ) -> None:
        super().__init__(name=f"cornerman {output}", daemon=True)
        self.output, self._source, self._target = output, source, target
        self._keeper, self._ended, self._pty = keeper, ended, pty
        self.held = False
        """Whether somebody still had the output when we left it."""
        self.bytes = 0

    def run(self) -> None:
        try:
            self._relay()
        finally:
            with contextlib.suppress(OSError):
                os.close(self._source)
            with contextlib.suppress(Exception):
                self._keeper.close(self.output)

    def _relay(self) -> None:
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        drained = 0.0
        while True:
            ready = poll.poll(TICK_SECONDS * 1000)
            now = time.monotonic()
            if self._ended.is_set():
                drained = drained or now + DRAIN_SECONDS
                if not ready or now > drained:
                    self.held = True
                    return
            if ready:
                data = self._read()
                if not data:
                    return
                self.bytes += len(data)
                self._keeper.feed(self.output, data)
                if not self._pass_on(data):
                    return
                if self._pty is not None:
                    self._pty.mirror()

    def _read(self) -> bytes:
        try:
            return os.read(self._source, PIECE)
        except OSError:  # EIO: nobody has the terminal's other end any more
            return b""

    def _pass_on(self, data: bytes) -> bool:
        """Write all of it; False where nobody reads, so that the command learns of it when it writes again."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._target, rest) :]
            except BlockingIOError:  # somebody who shares the terminal made it so
                select.select([], [self._target], [], 1.0)
            except BrokenPipeError:
                return False
            except OSError:  # the terminal went away; the command goes on, and is still kept
                return True
        return True
