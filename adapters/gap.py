"""Records that cannot be kept: counted by cause, until one finds a place again and says who was at an end meanwhile."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornerman.core.layout import GAP
from cornerman.store.writer import StreamWriter


class Gap:
    """What one recorder could not keep. One thread uses it: the environment's."""

    def __init__(self, num_envs: int, mode: str) -> None:
        self.width, self.mode = max(num_envs, 1), mode
        self.open = False
        """Whether the newest record was lost."""
        self.lost: dict[str, int] = {}
        """Transitions by cause."""
        self._done = np.zeros(self.width, np.bool_)
        self._uncounted: tuple[int, int, int, str] | None = None

    def drop(self, writer: StreamWriter | None, cause: str, reset: bool) -> None:
        """Count a record that could not be kept: its transitions by cause, at the journal where there is one."""
        if not self.open and writer is not None:
            self._done = np.array(writer.done())
        self.open = True
        transitions = 0 if reset else self.width - int(self._done.sum() if self.mode == "NextStep" else 0)
        self.lost[cause] = self.lost.get(cause, 0) + transitions
        steps = 0 if reset else 1
        if writer is not None:
            writer.drop(transitions, steps, cause)
        else:  # there is no journal yet: the count goes with the first record that finds a place
            before = self._uncounted or (0, 0, 0, cause)
            self._uncounted = (before[0] + transitions, before[1] + steps, before[2] + 1, before[3])

    def remember(self, result: Any) -> None:
        """Who is at an end while nothing can be recorded."""
        try:
            self._done = np.logical_or(result[2], result[3]) & np.ones(self.width, np.bool_)
        except Exception:  # not a result at all: the fault was counted
            pass

    def began(self, mask: Any) -> None:
        """There was a reset, of some sub-environments where they are masked."""
        self._done[:] = False if mask is None else self._done & ~np.asarray(mask, np.bool_)

    def deliver(self, writer: StreamWriter) -> None:
        """Give the journal what was counted before there was one."""
        if self._uncounted is not None:
            transitions, steps, records, cause = self._uncounted
            writer.drop(transitions, steps, cause, records)
            self._uncounted = None

    def tell(self, extras: dict[str, Any]) -> int:
        """Have the record that comes next say what it follows; the flag for that."""
        if not self.open:
            return 0
        extras["done"] = self._done.copy()
        return GAP
