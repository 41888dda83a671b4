"""Clocks, and the order in which things are timed.

On a machine that does other work too, a figure taken at one time says nothing beside one taken at another. So what is
compared takes turns: bare, recorded, bare, recorded, …, bare; each recorded turn is held against its two neighbours.
"""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Spent(NamedTuple):
    """What a piece of work took: nanoseconds by the wall clock, and of this thread's own processor time."""

    wall: int
    cpu: int

    def __add__(self, other: object) -> Spent:
        assert isinstance(other, Spent)
        return Spent(self.wall + other.wall, self.cpu + other.cpu)


def spent(work: Callable[[], object]) -> Spent:
    """Do it, and say what it took."""
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    work()
    return Spent(time.perf_counter_ns() - wall, time.thread_time_ns() - cpu)


def mean(first: Spent, second: Spent) -> Spent:
    return Spent((first.wall + second.wall) // 2, (first.cpu + second.cpu) // 2)


@contextlib.contextmanager
def collected() -> Iterator[None]:
    """Begin with an empty heap of garbage; the collector stays on, as it is in a training."""
    gc.collect()
    yield


class RunQueue:
    """How long this thread has waited for a processor: what others did to us, to be taken off a stall."""

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1

    @property
    def known(self) -> bool:
        return self._file >= 0

    def waited(self) -> int:
        """Nanoseconds; 0 where the system does not say."""
        return int(os.pread(self._file, 64, 0).split()[1]) if self.known else 0

    def close(self) -> None:
        if self.known:
            os.close(self._file)
