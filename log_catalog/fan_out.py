"""What a program that we start does with a line: a level for each part, repeats folded, context added, several sinks.

A sink that fails is counted and harms no other; what a sink itself logs goes to the others, never back into it. Where
that is strict, a line that is to name its run and names none goes to the sinks as well, and then is refused.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from .constant import LogConstant, of_runs
from .levels import Levels
from .repeats import Repeats

Sink = Callable[[LogConstant, Mapping[str, Any]], None]

OURS: Final = "INFO"
"""From which level on lines of ours count where nothing else was said; of other libraries it is WARNING."""
WINDOW_SECONDS = 10.0
BURST = 20
"""Of one code at most so many lines a window are passed on; the rest is counted, and said with the next line."""


class LineWithoutRun(RuntimeError):
    """A line was written without saying which run it belongs to, where `log.strict` or `configure(strict=…)` asks."""

    def __init__(self, constant: LogConstant) -> None:
        super().__init__(
            f"{constant.code} ({constant.message}) names no run: give it run=…, or write it inside"
            " `with bound(run=…)`; log.strict = false attributes it by its process"
        )


class FanOut:
    """Every line that is serious enough, to every sink."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.failures = 0
        self.process: dict[str, Any] = {}
        """What lines belong to that name no run: what is known of this whole process."""
        self.strict = False
        """Whether a line that names no run is refused, if its component's lines belong to runs."""
        self._sinks: dict[object, tuple[Sink, int]] = {}
        self.levels = Levels(OURS)
        self.forget()

    def forget(self) -> None:
        """Start anew with counting: in a forked child the lock may be held by a thread that is not there."""
        self._lock = threading.RLock()
        self._within = threading.local()
        self._repeats = Repeats(WINDOW_SECONDS, BURST, self.clock)

    def add(self, sink: Sink, least: int) -> Callable[[], None]:
        """One more sink, for lines of this severity and above; what is returned takes it away again."""
        ticket = object()
        self._sinks = {**self._sinks, ticket: (sink, least)}

        def remove() -> None:
            self._sinks = {key: value for key, value in self._sinks.items() if key is not ticket}

        return remove

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        if constant.severity < self.levels.least(constant):
            return
        with self._lock:
            held = self._repeats.admit(constant)
            due = self._repeats.due()
        for folded, lines in due:
            self._deliver(folded, {"repeats": lines})
        if held is not None:
            self._deliver(constant, {**fields, "repeats": held + 1} if held else fields)
        if self.strict and of_runs(constant) and "inferred" in self._with_context(fields):
            raise LineWithoutRun(constant)

    def flush(self) -> None:
        """Say what was held back."""
        with self._lock:
            folded = self._repeats.all()
        for constant, lines in folded:
            self._deliver(constant, {"repeats": lines})

    def bound(self, context: Mapping[str, Any]) -> Any:
        """The context of the lines written inside, kept where structlog keeps it."""
        from structlog.contextvars import bound_contextvars

        return _nothing_from(bound_contextvars(**context))

    def _deliver(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        whole = self._with_context(fields)
        busy: list[object] = self._within.__dict__.setdefault("sinks", [])
        for ticket, (sink, least) in self._sinks.items():
            if constant.severity < least or ticket in busy:
                continue
            busy.append(ticket)
            try:
                sink(constant, whole)
            except Exception:  # one that fails must not silence the others
                self.failures += 1
            finally:
                busy.remove(ticket)

    def _with_context(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields win over what is bound, that over what is known of the process; a run nobody named is marked so."""
        structlog = sys.modules.get("structlog")
        bound = structlog.contextvars.get_contextvars() if structlog else {}
        whole = {"pid": os.getpid(), **bound, **fields}
        return whole if "run" in whole else {**self.process, **whole, "inferred": True}


@contextmanager
def _nothing_from(context: Any) -> Iterator[None]:
    with context:
        yield
