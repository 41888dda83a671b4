"""Ending a loop of ours on a signal: after the step under way, so that everything is closed and sealed.

Only programs we start use this; a user's own training script keeps its signals to itself.
"""

from __future__ import annotations

import os
import signal
from types import FrameType, TracebackType
from typing import Any


class StopSignals:
    """While inside, SIGINT, SIGTERM and SIGHUP only set `received`; a second SIGINT interrupts at once.

    Install it before worker processes are forked: they inherit the handler, and so a Ctrl-C, which goes to all of
    them, stops none in the middle of a step. SIGTERM and SIGHUP end such a worker as they always did. A signal that
    is ignored stays ignored: `nohup` means it.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None
        self._owner = os.getpid()
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopSignals:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) != signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if os.getpid() != self._owner:
            if number != signal.SIGINT:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        if number == signal.SIGINT and self.received == signal.SIGINT:
            raise KeyboardInterrupt
        self.received = signal.Signals(number)
