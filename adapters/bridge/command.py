"""One execution of a command: started, its outputs relayed, signals passed on, waited for.

Where the keyboard is ours, the command is in our process group, as it would be in its shell's: Ctrl-C and Ctrl-Z reach
it and us alike, and are not passed on once more. Elsewhere it has a group of its own, and all of that group gets, once,
each signal that is sent to us.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from .relay import Keeper, Relay
from .signals import PASSED_ON, AwaitedSignals, Received
from .terminal import OutputTerminal, in_foreground, is_terminal

LOOK_SECONDS: Final = 1.0
PIPE_BYTES: Final = 1 << 20
"""What a command may write ahead of us: some thousand lines at once do not hold it up."""
NOT_FOUND: Final = 127
NOT_EXECUTABLE: Final = 126
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)
"""Python ignores these for itself; the command is to find them as a shell would leave them."""


class Ended(NamedTuple):
    """How a command ended: its exit code as a shell has it, and the signal that ended it."""

    code: int
    signal: signal.Signals | None = None
    failure: str = ""
    held: bool = False
    """Whether children of it still had its outputs."""


class Command:
    """A command to be run once."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], keeper: Keeper, *, pty: bool) -> None:
        self._arguments, self._environment, self._keeper, self._pty = list(arguments), environment, keeper, pty
        self._terminals: list[OutputTerminal] = []
        self._relays: list[Relay] = []
        self._over = threading.Event()
        self._kill_at: float | None = None
        self._stopped = False
        self.shares_group = in_foreground()
        self.pid = 0

    def run(self, signals: AwaitedSignals, on_start: Callable[[int], None], kill_after: float | None = None) -> Ended:
        """Start it and wait for its end and that of its outputs. `kill_after` SIGTERM by so many seconds: SIGKILL."""
        ends = {output: self._opened(output, ours) for output, ours in (("stdout", 1), ("stderr", 2))}
        try:
            self.pid = self._spawn({1: ends["stdout"][1], 2: ends["stderr"][1]})
        except OSError as error:
            for source, slave, _ in ends.values():
                os.close(source)
                os.close(slave)
            code = NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
            return Ended(code, failure=error.strerror or str(error))
        on_start(self.pid)
        for (output, (source, slave, terminal)), ours in zip(ends.items(), (1, 2), strict=True):
            os.close(slave)
            self._relays.append(Relay(output, source, ours, self._keeper, self._over, terminal))
            self._relays[-1].start()
        status = self._wait(signals, kill_after)
        self._over.set()
        for relay in self._relays:
            relay.join()
        for terminal in self._terminals:
            terminal.restore()
        held = any(relay.held for relay in self._relays)
        if os.WIFSIGNALED(status):
            number = signal.Signals(os.WTERMSIG(status))
            return Ended(128 + number, number, held=held)
        return Ended(os.WEXITSTATUS(status), held=held)

    def _opened(self, output: str, ours: int) -> tuple[int, int, OutputTerminal | None]:
        """Where we read an output, what the command writes it to, and the terminal that this is, if one."""
        if self._pty and is_terminal(ours):
            with contextlib.suppress(OSError):
                terminal = OutputTerminal(ours)
                self._terminals.append(terminal)
                return terminal.source, terminal.slave, terminal
        source, theirs = os.pipe()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(source, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return source, theirs, None

    def _spawn(self, outputs: Mapping[int, int]) -> int:
        """The command's pid. Its signals are neither blocked nor ignored, unless ours were when we were started."""
        files = [(os.POSIX_SPAWN_DUP2, theirs, number) for number, theirs in outputs.items()]
        group = {} if self.shares_group else {"setpgroup": 0}
        return os.posix_spawnp(
            self._arguments[0],
            self._arguments,
            dict(self._environment),
            file_actions=files,
            setsigmask=[],
            setsigdef=_RESTORED,
            **group,  # type: ignore[arg-type]
        )

    def _wait(self, signals: AwaitedSignals, kill_after: float | None) -> int:
        """The status with which it ended; meanwhile signals are passed on."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG | os.WUNTRACED)
            if pid and not os.WIFSTOPPED(status):
                return status
            self._stopped = bool(pid) or self._stopped
            received = signals.wait(LOOK_SECONDS if self._kill_at is None else 0.1)
            if received is not None:
                self._handle(received, kill_after)
            if self._kill_at is not None and time.monotonic() >= self._kill_at:
                self._send(signal.SIGKILL)

    def _handle(self, received: Received, kill_after: float | None) -> None:
        number = received.number
        if number == signal.SIGWINCH:
            for terminal in self._terminals:
                terminal.resize()
            if self._terminals:
                self._send(number)
        elif number == signal.SIGTSTP:
            self._stop(received)
        elif number in PASSED_ON and not (received.from_terminal and self.shares_group):
            self._send(number)
            if number == signal.SIGTERM and kill_after is not None and self._kill_at is None:
                self._kill_at = time.monotonic() + kill_after

    def _stop(self, received: Received) -> None:
        """Stop with the command, give the terminal back meanwhile, and go on with it."""
        if not (received.from_terminal and self.shares_group):
            self._send(signal.SIGTSTP)
        for terminal in self._terminals:
            terminal.restore()
        os.kill(os.getpid(), signal.SIGSTOP)
        for terminal in self._terminals:
            terminal.resize()
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if self.shares_group:
                os.kill(self.pid, number)
            else:
                os.killpg(self.pid, number)
