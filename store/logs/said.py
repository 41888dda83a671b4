"""What the recorder says inside a training process, as log records of the store that it records into.

    lines.belong(local, run_id, names)     # a recorder has begun: from now on there is somewhere to keep them
    keep_private(lines)                    # log_catalog hands over every line that is said

Each is appended to a spool of this process, in one write to a file; whoever opens the store next brings it into the
database. So a line costs microseconds, needs no lock and survives `kill -9`; where nothing is said, nothing is even
loaded. A disk that takes nothing keeps the lines waiting in memory, as a spool does, and `lost` counts what went.

Exactly once: what `cornerman run` reads, it keeps itself. Under it a line is left to it, unless standard error leads
away from it into a file. (A pipe to somebody else, as `| tee`, is taken to come back to it.)
"""

from __future__ import annotations

import atexit
import contextlib
import os
import stat
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cornerman.core import inherited
from cornerman.log_catalog import LogConstant, keep_private

if TYPE_CHECKING:
    from cornerman.core.payloads.log_record_v1 import LogRecordV1

    from .spool import Spool

MOST_EARLY = 50
"""Lines that may wait for the first recorder to say where they belong."""


@dataclass(slots=True)
class _Place:
    """A store that this process records into."""

    local: Path
    run_id: str
    """Of the newest recorder: what a line belongs to that names no run."""
    spool: Spool | None = None


class SaidLines:
    """Takes the lines of this process. The private writer calls it, one line after the other; never raises."""

    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._newest: _Place | None = None
        self._early: list[tuple[LogConstant, Mapping[str, Any], int, int]] = []
        self._lost: Counter[str] = Counter()

    @property
    def lost(self) -> Counter[str]:
        """Lines that could not be kept, by cause."""
        spools = [place.spool for place in self._places.values() if place.spool is not None]
        return sum((spool.lost for spool in dict.fromkeys(spools)), Counter(self._lost))

    def belong(self, local: Path, run_id: str, names: Iterable[str]) -> None:
        """Lines about the store with these names, or none, are of this run from now on."""
        known = next((place for place in self._places.values() if place.local == local), None)
        place = known or _Place(local, run_id)
        place.run_id = run_id
        self._places.update(dict.fromkeys((str(local), *names), place))
        self._newest = place
        early, self._early = self._early, []
        for constant, fields, lines, time_us in early:
            self._keep(place, constant, fields, lines, time_us)

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any], lines: int, stream: TextIO | None) -> bool:
        if stream is not None and left_to_the_bridge(stream):
            return False
        now_us = time.time_ns() // 1000
        named = fields.get("store")
        place = self._newest if named is None else self._places.get(str(named))
        if place is not None:
            return self._keep(place, constant, fields, lines, now_us)
        if self._newest is None and len(self._early) < MOST_EARLY:
            self._early.append((constant, dict(fields), lines, now_us))
            return True
        self._lost["of no store"] += 1
        return False

    def forget(self) -> None:
        """In a forked child: the spools are the parent's, and so is what waits."""
        for place in self._places.values():
            place.spool = None
        self._early, self._lost = [], Counter()

    def flush(self) -> None:
        """Try once more what waits for room: the process ends."""
        for place in self._places.values():
            if place.spool is not None:
                place.spool.flush()

    def _keep(self, place: _Place, constant: LogConstant, fields: Mapping[str, Any], lines: int, time_us: int) -> bool:
        try:
            from .spool import Spool

            if place.spool is None:
                place.spool = Spool(place.local)
            return place.spool.append([_record(place, constant, fields, lines, time_us)]) == 1
        except Exception as error:  # a line must never be what stops a training
            self._lost[type(error).__name__] += 1
            return False


def _record(place: _Place, constant: LogConstant, fields: Mapping[str, Any], lines: int, time_us: int) -> LogRecordV1:
    from msgspec.structs import replace

    from cornerman.core.logs.own_lines import record_of

    context: dict[str, Any] = {"pid": os.getpid(), **fields}
    if lines > 1:
        context["repeats"] = lines
    if "run" not in context:
        context |= {"run": place.run_id, "inferred": True}
    traceback = context.pop("traceback", "")
    record = record_of(constant, context, time_us)
    return replace(record, raw=traceback, flags=(*record.flags, "traceback")) if traceback else record


def left_to_the_bridge(stream: TextIO) -> bool:
    """Whether `cornerman run` keeps what was written there: it reads what we write, unless that goes into a file."""
    if not inherited.BRIDGED:
        return False
    with contextlib.suppress(OSError, ValueError, AttributeError):
        mode = os.fstat(stream.fileno()).st_mode
        return not stat.S_ISREG(mode) and (not stat.S_ISCHR(mode) or os.isatty(stream.fileno()))
    return False


lines = SaidLines()
"""Of this process."""
keep_private(lines)
atexit.register(lines.flush)
os.register_at_fork(after_in_child=lines.forget)
