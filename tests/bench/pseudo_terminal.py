"""A program in a pseudo-terminal of 120 x 40, as a person runs it: every byte it sends, and when it came.

The terminal's side answers no query, unless true pixels are wanted of it. The clock is the wall's: what somebody waits
for, other programs included.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from pathlib import Path

SIZE = (40, 120)
_ANSWERS = {
    b"\x1b[c": b"\x1b[?62;4c",
    b"\x1b[>q": b"\x1bP>|kitty(0.40.0)\x1b\\",
    b"\x1b[16t": b"\x1b[6;20;10t",
    b"a=q,": b"\x1b_Gi=31;OK\x1b\\",
    b"\x1b[5n": b"\x1b[0n",
}
"""What a terminal that draws pictures by either protocol answers, to what."""


class Terminal:
    """Started at once."""

    def __init__(self, command: list[str], images: str = "half-cells") -> None:
        self.started = time.monotonic()
        self._answers = {} if images == "half-cells" else _ANSWERS
        self._unanswered = b""
        self.chunks: list[tuple[float, bytes]] = []
        self._fd, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))
        self.pid = os.fork()
        if self.pid == 0:
            os.login_tty(slave)
            os.execvpe(command[0], command, {**environ(), "CORNERMAN_VIEW_IMAGES": images})
        os.close(slave)

    def read(self, seconds: float) -> bool:
        """Take what comes within so many seconds, at the first bytes; False at the end of the program."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, seconds))
        if not ready:
            return True
        try:
            data = os.read(self._fd, 1 << 16)
        except OSError:
            return False
        self.chunks.append((time.monotonic(), data))
        self._answer(data)
        return bool(data)

    def _answer(self, data: bytes) -> None:
        asked = self._unanswered + data if self._answers else b""
        for question, answer in self._answers.items():
            os.write(self._fd, answer * asked.count(question))
        self._unanswered = asked[-4:] if asked and not any(asked.endswith(question) for question in _ANSWERS) else b""

    def until(self, marker: bytes, seconds: float = 15.0, since: int = 0) -> float:
        """When a text first arrived, counted from the chunk `since`. TimeoutError if it does not."""
        deadline, seen, tail = time.monotonic() + seconds, since, b""
        while time.monotonic() < deadline:
            for at, data in self.chunks[seen:]:
                tail = (tail + data)[-65_536:]
                if marker in tail:
                    return at
            seen = len(self.chunks)
            if not self.read(deadline - time.monotonic()):
                break
        raise TimeoutError(f"{marker!r} never came; the end of what did: {tail[-400:]!r}")

    def watch(self, seconds: float) -> int:
        """The bytes that come within a time."""
        before, deadline = len(self.chunks), time.monotonic() + seconds
        while time.monotonic() < deadline and self.read(deadline - time.monotonic()):
            pass
        return sum(len(data) for _, data in self.chunks[before:])

    def send(self, keys: bytes) -> float:
        at = time.monotonic()
        os.write(self._fd, keys)
        return at

    def cpu(self) -> float:
        """Seconds of processor time used so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak(self) -> float:
        """The most memory that the program had, in megabytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6

    def close(self) -> None:
        os.kill(self.pid, signal.SIGTERM)
        deadline = time.monotonic() + 5
        while os.waitpid(self.pid, os.WNOHANG) == (0, 0):
            self.read(0.05)
            if time.monotonic() > deadline:
                os.kill(self.pid, signal.SIGKILL)
        os.close(self._fd)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def environ() -> dict[str, str]:
    """As a shell has it: true colours, UTF-8, bytecode kept."""
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "PYTHONDONTWRITEBYTECODE", "TMUX")}
    return {**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.UTF-8"}


def cornerman(store: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "cornerman", "--store", str(store), *more]
