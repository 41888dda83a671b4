"""What pictures may send through the connection."""

from __future__ import annotations

import time
from collections.abc import Callable


class Budget:
    """A bucket of bytes that fills at a steady rate and holds half a second's worth."""

    def __init__(self, bytes_per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self._clock = max(1, bytes_per_second), clock
        self._level, self._at = self.rate / 2, clock()

    def spend(self, octets: int) -> None:
        self._fill()
        self._level -= octets

    @property
    def wait(self) -> float:
        """Seconds until something may be sent again; a picture may overdraw, the next one pays."""
        self._fill()
        return 0.0 if self._level > 0 else -self._level / self.rate + 0.001

    def _fill(self) -> None:
        now = self._clock()
        self._level = min(self.rate / 2, self._level + (now - self._at) * self.rate)
        self._at = now
