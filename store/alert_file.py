"""The alert file of a store, `alerts.jsonl`: a line when an alert of a run begins, and one when it is over.

For programs that watch a file, and for whoever asks afterwards what was wrong when. Written by `cornerman run` for its
run and by `cornerman alerts`; not by the training, which has no time for it, nor by the process that seals, whose
pauses a training would feel. Its lines are also log records of the run, at the time and the step of the alert.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

from cornerman.core.alerts import Alert
from cornerman.core.errors import CornermanError
from cornerman.core.logs.own_lines import record_of
from cornerman.core.payloads.alert_v1 import AlertV1, decode, to_json
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.core.records import RunSummary
from cornerman.core.whole_file import replace_file
from cornerman.log_catalog import Level, get_constant_by_code
from cornerman.log_catalog.health import LOG_ALERT_OVER, LOG_RULE_HOLDS

from .logs import open_writer

FILE: Final = "alerts.jsonl"
MOST_BYTES: Final = 8 << 20
"""A file of this size is put aside as `alerts.1.jsonl`, in the place of the one that was."""


def history(store: Path) -> Iterator[AlertV1]:
    """Every line that can be read, the oldest first."""
    known: set[AlertV1] = set()
    for path in (store / FILE).with_suffix(".1.jsonl"), store / FILE:
        for line in _lines(path):
            if line not in known:  # what was an alert when a new file was begun stands in both
                known.add(line)
                yield line


def _lines(path: Path) -> Iterator[AlertV1]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError:
        return
    for line in lines:
        with contextlib.suppress(CornermanError):  # one that a full disk cut
            yield decode(line)


class AlertFile:
    """Writes what changed. Several programs may: each takes the file's lock and reads what others wrote."""

    def __init__(self, store: Path) -> None:
        self.store, self.path = store, store / FILE
        self._raised: dict[tuple[str, str], AlertV1] = {}
        """What is an alert, by run and rule, when the file was left."""
        self._left = (0, 0)

    def look(self, runs: Sequence[RunSummary]) -> list[AlertV1]:
        """Write, there and into the log, which alerts began or ended since anybody looked. OSError where it cannot."""
        if not any(run.alerts for run in runs) and not self.path.exists():
            return []
        with _held(self.path) as file:
            if _stamp(file) != self._left:  # others wrote: reading it all takes a while
                self._raised = raised(history(self.store))
            self._left = (0, 0)  # until what is said of them is written
            changed = [line for run in runs for line in self._changes(run)]
            file.write(b"".join(to_json(line) + b"\n" for line in changed))
            file.flush()
            self._left = _stamp(file)
            if file.tell() > MOST_BYTES:
                self._put_aside()
        if changed:
            with open_writer(self.store) as writer:
                writer.append(_records(changed))
        return changed

    def _put_aside(self) -> None:
        """Begin a new file with what is still an alert. A kill in between leaves lines in both, which are read once."""
        replace_file(self.path.with_suffix(".1.jsonl"), self.path.read_bytes())
        replace_file(self.path, b"".join(to_json(line) + b"\n" for line in self._raised.values()))

    def _changes(self, run: RunSummary) -> Iterator[AlertV1]:
        now = {alert.rule: alert for alert in run.alerts}
        for rule, alert in now.items():
            if (run.run_id, rule) not in self._raised:
                line = self._raised[run.run_id, rule] = _line(run, alert)
                yield line
        for of_run, rule in [key for key in self._raised if key[0] == run.run_id and key[1] not in now]:
            was = self._raised.pop((of_run, rule))
            alert = Alert(rule, was.code, was.level, was.message, was.detail)
            yield _line(run, alert, over=True)


def raised(lines: Iterable[AlertV1]) -> dict[tuple[str, str], AlertV1]:
    """What is an alert after these lines, by run and rule."""
    found: dict[tuple[str, str], AlertV1] = {}
    for line in lines:
        if line.event == "raised":
            found[line.run_id, line.rule] = line
        else:
            found.pop((line.run_id, line.rule), None)
    return found


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
    """The file to append to, one writer at a time, where the file system knows locks. One that was put aside while
    somebody waited for it is let go."""
    while True:
        with open(path, "ab") as file:
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                yield file
                return


def _stamp(file: IO[bytes]) -> tuple[int, int]:
    """Equal to what it was while nobody wrote: the file only grows, or is another one."""
    stats = os.fstat(file.fileno())
    return stats.st_ino, stats.st_size


def _line(run: RunSummary, alert: Alert, *, over: bool = False) -> AlertV1:
    return AlertV1(
        time_us=time.time_ns() // 1000,
        event="cleared" if over else "raised",
        run_id=run.run_id,
        job=run.job,
        t=run.step_count,
        rule=alert.rule,
        code=alert.code,
        level=cast("Level", alert.level),
        message=alert.message,
        detail=alert.detail,
    )


def _records(lines: Sequence[AlertV1]) -> Iterator[LogRecordV1]:
    """The same as log records, for the run's log and for the replay at its step."""
    for line in lines:
        facts: dict[str, Any] = {"run": line.run_id, "step": line.t, "rule": line.rule, "code": line.code}
        own = get_constant_by_code(line.code)
        if line.event == "cleared":
            constant = LOG_ALERT_OVER
        else:
            constant = own if own is not None and "alert" in own.tags else LOG_RULE_HOLDS
            facts |= {"detail": line.detail}
        yield record_of(constant, facts, line.time_us)
