"""The signals that a bridge waits for instead of dying of them, told by where they come from.

They are blocked and waited for, so none arrives in the middle of anything. Linux says whether a signal came from the
terminal (Ctrl-C goes to the whole process group: the command has it already) or from a program; elsewhere those that a
keyboard can send count as the terminal's.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Final, NamedTuple

PASSED_ON: Final = frozenset(
    {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGCONT}
)
_WAITED_FOR = PASSED_ON | {signal.SIGCHLD, signal.SIGWINCH, signal.SIGTSTP}
_OF_KEYBOARDS = frozenset({signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP})
_FROM_KERNEL = 128


class Received(NamedTuple):
    number: signal.Signals
    from_terminal: bool


class AwaitedSignals:
    """While inside, signals are what `wait` answers. Enter it before threads begin: they inherit that it is so."""

    def __init__(self) -> None:
        self._before: Iterable[Any] = ()

    def __enter__(self) -> AwaitedSignals:
        ignored = {number for number in PASSED_ON if signal.getsignal(number) == signal.SIG_IGN}
        self._awaited = _WAITED_FOR - ignored  # `nohup` means it
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, self._awaited)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def wait(self, seconds: float) -> Received | None:
        """The next signal; None where none came for so long."""
        if hasattr(signal, "sigtimedwait"):
            found = signal.sigtimedwait(self._awaited, seconds)
            if found is None:
                return None
            return Received(signal.Signals(found.si_signo), found.si_code == _FROM_KERNEL)
        return self._poll(seconds)

    def _poll(self, seconds: float) -> Received | None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if signal.sigpending() & self._awaited:
                number = signal.Signals(signal.sigwait(self._awaited))
                return Received(number, number in _OF_KEYBOARDS)
            time.sleep(0.02)
        return None
