"""Keeps a command's lines: records of its outputs, handed to the store's writer, counted where it cannot take them.

The training never waits for the store, and nothing that is wrong with it reaches the command.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Literal, cast

from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.logs.port import LogWriter, Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1

RETRY_SECONDS: Final = 1.0


class LineKeeper:
    """The outputs of one run's command. Usable from several threads, one for each output."""

    def __init__(self, store: Path, run_id: str, job: str) -> None:
        self.store, self.run_id, self.job = store, run_id, job
        self.records: Counter[str] = Counter()
        """Log records by output."""
        self.lost: Counter[str] = Counter()
        """Those that could not be kept, by cause."""
        self._pid: int | None = None
        self._outputs: dict[str, OutputLines] = {}
        self._lock = threading.Lock()
        self._writer: Any = None
        self._tried = -RETRY_SECONDS
        self._cause = "store unavailable"

    def begin(self, pid: int | None) -> None:
        """The command was started."""
        self._pid = pid
        self._open()

    def feed(self, output: str, data: bytes) -> None:
        self._keep(output, lambda lines: lines.feed(data, _now()))

    def tick(self, output: str) -> None:
        if output in self._outputs:
            self._keep(output, lambda lines: lines.tick(_now()))

    def close(self, output: str) -> None:
        """This output has ended: what was held back is kept."""
        if output in self._outputs:
            self._keep(output, lambda lines: lines.close(_now()))

    def sample(self, sample: Sample) -> None:
        with contextlib.suppress(Exception), self._lock:
            if self._writer is not None:
                self._writer.sample(self.run_id, sample)

    def finish(self) -> None:
        """Bring everything into the store; what it does not take now stays in its spool."""
        with self._lock:
            if self._writer is not None:
                with contextlib.suppress(Exception):
                    self._writer.close()
                self.lost.update(getattr(self._writer, "lost", {}))
                self._writer = None

    def _keep(self, output: str, read: Callable[[OutputLines], list[LogRecordV1]]) -> None:
        lines = self._outputs.get(output)
        if lines is None:
            named = cast(Literal["stdout", "stderr"], output)
            lines = self._outputs[output] = OutputLines(Context(self.run_id, named, self._pid))
        records = read(lines)
        if records:
            with self._lock:
                self._append(output, records)

    def _append(self, output: str, records: list[LogRecordV1]) -> None:
        self.records[output] += len(records)
        writer = self._open()
        if writer is None:
            self.lost[self._cause] += len(records)
            return
        try:
            writer.append(records)  # what it does not take, it counts
        except Exception as error:
            self.lost[type(error).__name__] += len(records)

    def _open(self) -> LogWriter | None:
        """The store's writer; asked for again every second, where it cannot be had."""
        if self._writer is None and time.monotonic() - self._tried >= RETRY_SECONDS:
            self._tried = time.monotonic()
            try:
                from cornerman.store.logs import open_writer

                self._writer = open_writer(self.store)
                self._writer.belongs(self.run_id, self.job)
            except Exception as error:
                self._cause = f"store unavailable: {type(error).__name__}"
        writer: LogWriter | None = self._writer
        return writer


def _now() -> int:
    return time.time_ns() // 1000
