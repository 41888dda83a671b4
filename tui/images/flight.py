"""Pictures on their way to the terminal: how many it has not drawn yet.

A slow connection takes a picture long before the person sees it, so what was written says nothing. After each picture
the terminal is asked whether it is done; while it has not answered for two, the next one waits, and gives way to newer
ones. Where an answer takes long, one is on its way at a time, for what a key changes comes behind it. A terminal that
does not answer is not waited for.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

MOST = 2
PROMPT_S = 0.1
PATIENCE_S = 2.0
_LOSSES = 3


class Flight:
    """What was sent and not answered."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sent: deque[float] = deque()
        self._lost = 0
        self._took = 0.0

    def sent(self) -> None:
        self._sent.append(self._clock())

    def answered(self) -> None:
        self._lost = 0
        if self._sent:
            self._took = self._clock() - self._sent.popleft()

    @property
    def open(self) -> bool:
        """Whether an answer is due."""
        return bool(self._sent)

    @property
    def wait(self) -> float:
        """Seconds until another may be sent, unless an answer comes before."""
        if self._lost >= _LOSSES:
            self._sent.clear()
            return 0.0
        if len(self._sent) < (MOST if self._took < PROMPT_S else 1):
            return 0.0
        left = self._sent[0] + PATIENCE_S - self._clock()
        if left > 0:
            return left
        self._sent.clear()
        self._lost += 1
        return 0.0
