"""The log part of the copies: what this node's programs said, carried to files that the other nodes read.

    copies/<host>-<origin>.logs/<n>.logs        <origin> is the name that this node's `logs.db` has among the others

Each round brings what lies beyond the cursor: records as blocks (sealed ones byte for byte, of the others what is new,
packed together), what the commands of this node used, and how they ended. Whoever has records to bring does it, one
process at a time, and all go on in the same file, in the order of the records' ids.

    rows are written and synced ─► then the cursor moves. A kill in between brings them again, in a new file, and who
                                   reads knows by the ids what it has.

What came from other nodes is not carried on. Records that are no more are said to be gone, and files of which nothing
is left are removed; each file begins with all that is gone, so that no file is needed for what it says of others.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import numpy as np

from cornerman.core.errors import PayloadError, StoreError
from cornerman.core.ids import new_ulid
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_NETWORK_COPY_FAILED

from .. import commands, copy_sweep, run_folder
from ..connection import connect, snapshot, transaction
from ..copies import LOGS, CopyFiles, file_name, numbered
from ..liveness import alive, lock_byte
from ..location import DATABASE
from ..network import CLOSE_SECONDS, Place, sink
from .block import Packed, Rows, packed
from .blocks import ordered_kinds, read_block, read_rows
from .database import FILE, create_logs, fetch, meta
from .kinds import COLUMNS

FLUSH_BYTES = 4 << 20
BLOCKS = 8
"""Blocks that are looked at in one transaction."""
SAMPLES = 4096
ALIVE_SECONDS = 5.0
MEASURE_SECONDS = 30.0
FIRST_SECONDS = 0.5
"""So soon a program's first lines are carried: a run is there for the other nodes when it begins."""
PATIENCE_SECONDS = 2.0
"""So long a program that ends waits for another that carries now."""
TURN = "log-copier"
"""Locked in the store's local folder by the process that carries."""


class Reach(NamedTuple):
    """How far this node's log records were carried: a row of `relay`."""

    last_id: int = 0
    first_id: int = 0
    gone: int = 0
    number: int = 0
    size: int = 0
    time_us: int = 0
    copied_us: int = 0
    trouble: str = ""


class LogCopier:
    """Carries what this node's programs said to the network folder. Usable from one thread, beside its own."""

    def __init__(self, place: Place, settings: RecorderSettings | None = None) -> None:
        settings = settings or RecorderSettings.from_environment()
        self.place = place
        self.seconds = settings.network_copy_seconds
        self.max_bytes = settings.max_store_bytes
        self.trouble = ""
        self.said_alive = 0.0
        self.scanned: tuple[str, int] = ("", 0)
        """Up to which id of which database there is nothing to carry: what follows the cursor may be others'."""
        self._measured_at = -MEASURE_SECONDS
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Carry every few seconds from now on, on a thread: a network may take its time."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="cornerman log copies", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Carry the rest, unless the network takes too long: what is left, the next program carries."""
        self._closing.set()
        deadline = time.monotonic() + CLOSE_SECONDS
        if self._thread is not None:
            self._thread.join(CLOSE_SECONDS)
        if self._thread is None or not self._thread.is_alive():
            self.round(deadline, PATIENCE_SECONDS)

    def round(self, until: float = float("inf"), patience: float = 0.0) -> bool:
        """Bring everything that is new; False where that failed, or another process does it. Never raises."""
        if not (self.place.local / FILE).exists() and not (self.place.local / commands.COMMANDS).is_dir():
            return True
        try:
            with _turn(self.place.local, patience) as ours:
                return ours and self._round(until)
        except Exception as error:
            self._failed(error)
            return False

    def _work(self) -> None:
        pause = min(self.seconds, FIRST_SECONDS)
        while not self._closing.wait(pause):
            self.round()
            pause = self.seconds

    def _round(self, until: float) -> bool:
        connection = create_logs(self.place.local, busy_ms=2000)
        try:
            self._measure()
            done = _Round(self, connection).run(until)
            if self.trouble:
                self.trouble = ""
                with transaction(connection):
                    connection.execute("update relay set trouble = '' where sink = ?", (sink(self.place),))
            return done
        finally:
            connection.close()

    def _measure(self) -> None:
        """Nothing is carried beyond the budget. The server is asked only now and then: other nodes write there too."""
        if not self.max_bytes or time.monotonic() - self._measured_at < MEASURE_SECONDS:
            return
        if copy_sweep.size(self.place.copies) > self.max_bytes:
            raise StoreError("The copies have reached storage.max_store_bytes.", "Raise it, or delete runs.")
        self._measured_at = time.monotonic()

    def _failed(self, error: Exception) -> None:
        """Said once, when the reason changes; what was not carried stays where it is."""
        reason = error.what if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
        if reason == self.trouble:
            return
        self.trouble = reason
        log(LOG_NETWORK_COPY_FAILED, folder=str(self.place.named), reason=reason)
        with contextlib.suppress(StoreError, apsw.Error, OSError):
            connection = create_logs(self.place.local, busy_ms=500)
            with contextlib.closing(connection), transaction(connection):
                connection.execute(
                    "insert into relay values (?, 0, 0, 0, 0, 0, 0, ?, ?) on conflict do update"
                    " set trouble = excluded.trouble",
                    (sink(self.place), _now(), reason),
                )


class _Round:
    """One round: what is new, into the file, and the cursor behind it."""

    def __init__(self, copier: LogCopier, connection: apsw.Connection) -> None:
        self.copier, self.connection = copier, connection
        self.place, self.sink = copier.place, sink(copier.place)
        found = fetch(connection, f"select {', '.join(Reach._fields)} from relay where sink = ?", (self.sink,))
        self.reach = Reach(*found[0]) if found else Reach()
        host, origin = socket.gethostname(), origin_of(connection)
        self.origin = origin
        header = {"host": host, "origin": origin, "created_us": _now(), "after": self.reach.last_id}
        self.files = CopyFiles(self.place.copies / f"{file_name(host)}-{origin}{LOGS}", header, LOGS)
        self.files.go_on(self.reach.number, self.reach.size)
        self._gone = self._gone_runs()
        self._first_id = self._oldest()
        self._gone_before = self.reach.first_id, self.reach.gone
        self._noted: dict[str, tuple[int, int]] = {}
        """Of runs the file and the samples that are in rows which wait to be written."""
        self._kinds: dict[int, tuple[Any, ...]] = {}

    def run(self, until: float) -> bool:
        """Whether all that is new was brought in time."""
        try:
            for row, reach in self._lines():
                self._append(row)
                self.reach = reach
                if self.files.buffered > FLUSH_BYTES:
                    self._flush()
                    if time.monotonic() > until:
                        return False
            living = [process for row in self._commands() for process in self._said(row)]
            self._say_alive(living)
            if self.reach.number and (self._first_id, len(self._gone)) != (self.reach.first_id, self.reach.gone):
                self._append(self._gone_row())
            self._flush()
            if (self._first_id, len(self._gone)) != self._gone_before:
                self._sweep()
            return True
        finally:
            self.files.leave()

    # --- records -----------------------------------------------------------------------------------------------------

    def _lines(self) -> Iterator[tuple[dict[str, Any], Reach]]:
        """Our records after the cursor, as rows, with where the cursor is behind each."""
        origin, scanned = self.copier.scanned
        at = max(self.reach.last_id, scanned) if origin == self.origin else self.reach.last_id
        pending, more = Rows(), True
        while more:
            with snapshot(self.connection):
                heads = fetch(self.connection, _HEADS, (at, BLOCKS))
                more = len(heads) == BLOCKS
                rows = [self._row(block) for block in self._blocks(heads, at, pending, more)]
                at = heads[-1][2] if heads else at
            for row, reach in rows:  # their ids may have been passed over, where they are not ours
                last_id, time_us = reach
                yield {**row, "after": self.reach.last_id}, self.reach._replace(last_id=last_id, time_us=time_us)
        self.copier.scanned = self.origin, at

    def _blocks(self, heads: list[Any], at: int, pending: Rows, more: bool) -> Iterator[Packed]:
        """Our records of some blocks: sealed blocks as they are, of the others what is new, as many as make a block."""
        own = self._own_kinds()
        for id, first_id, last_id, sealed, blob in heads:
            kinds = np.frombuffer(blob, "<u4")
            ours = np.isin(kinds, own)
            with contextlib.suppress(PayloadError):  # damaged: `verify` says so on this node
                if sealed and ours.all() and first_id > at:
                    if len(pending):
                        yield self._packed(pending.take(len(pending)))
                    yield read_block(self.connection, id)
                elif ours.any():
                    pending.extend(_newer(read_rows(self.connection, id, partly=True), at, set(kinds[ours].tolist())))
            while full := pending.full_at():
                yield self._packed(pending.take(full))
            at = last_id
        if len(pending) and not more:
            yield self._packed(pending.take(len(pending)))

    def _packed(self, rows: Rows) -> Packed:
        return packed(rows, ordered_kinds(self.connection, rows), sealed=False)

    def _row(self, block: Packed) -> tuple[dict[str, Any], tuple[int, int]]:
        """Its row, and with which record and moment it ends."""
        kinds = [self._kind(id) for id in np.frombuffer(block.kinds, "<u4").tolist()]
        runs = json.dumps(sorted({str(kind[0]) for kind in kinds}))
        jobs = fetch(self.connection, _JOBS, (runs,))
        content = [getattr(block, name) for name in BLOCK_FIELDS]
        row = {"kind": "lines", "kinds": kinds, "jobs": dict(jobs), "block": content, "us": _now()}
        return row, (block.last_id, block.max_us)

    def _kind(self, id: int) -> tuple[Any, ...]:
        if id not in self._kinds:
            self._kinds[id] = fetch(self.connection, f"select {COLUMNS} from kind where id = ?", (id,))[0]
        return self._kinds[id]

    def _own_kinds(self) -> Any:
        own = "select id from kind where id not in (select kind from replica_kind)"
        return np.array([id for (id,) in fetch(self.connection, own)], np.uint32)

    # --- commands ----------------------------------------------------------------------------------------------------

    def _commands(self) -> Iterator[tuple[str, bool]]:
        """Bring what is new of the commands that this node ran; of each its process, and whether it has ended."""
        before = {
            run: (noted, sampled)
            for run, noted, sampled in fetch(
                self.connection, "select run_id, noted_ns, sample_us from relay_run where sink = ?", (self.sink,)
            )
        }
        for noted_ns, path in commands.own(self.place.local):
            with contextlib.suppress(OSError):
                content = path.read_bytes()
                command = commands.decoded(content)
                if command is None or command.run_id in self._gone:
                    continue
                known = before.get(command.run_id, (0, 0))
                if noted_ns != known[0]:
                    self._append(self._command_row(command, content))
                sampled = self._samples(command.run_id, known[1])
                if (noted_ns, sampled) != known:
                    self._noted[command.run_id] = noted_ns, sampled
                yield command.process, command.ended_us is not None

    def _said(self, command: tuple[str, bool]) -> list[str]:
        process, ended = command
        return [process] if not ended and process and alive(self.place.local, process) else []

    def _command_row(self, command: Any, content: bytes) -> dict[str, Any]:
        """With the run's folder, where no copies of steps bring it."""
        files = {}
        if command.ended_us is not None and not self._has_streams(command.run_id):
            files = run_folder.contents(self.place.local, command.job, command.run_id)
        return {"kind": "command", "run": command.run_id, "job": command.job, "content": content, "files": files}

    def _samples(self, run_id: str, after_us: int) -> int:
        """Bring the samples of a run after a moment; the last one's."""
        while True:
            found = fetch(
                self.connection,
                "select time_us, content from sample where run_id = ? and time_us > ? order by time_us limit ?",
                (run_id, after_us, SAMPLES),
            )
            if found:
                after_us = found[-1][0]
                self._append({"kind": "samples", "run": run_id, "rows": found})
            if len(found) < SAMPLES:
                return after_us

    def _say_alive(self, processes: list[str]) -> None:
        if not processes or time.monotonic() - self.copier.said_alive < ALIVE_SECONDS:
            return
        self.copier.said_alive = time.monotonic()
        seconds = self.copier.seconds
        self._append({"kind": "alive", "processes": sorted(set(processes)), "us": _now(), "seconds": seconds})

    # --- what is gone ------------------------------------------------------------------------------------------------

    def _gone_row(self) -> dict[str, Any]:
        """All that is gone."""
        self.reach = self.reach._replace(first_id=self._first_id, gone=len(self._gone))
        return {"kind": "gone", "runs": sorted(self._gone), "before": self._first_id}

    def _oldest(self) -> int:
        """The id before which there are no records."""
        ((first,),) = fetch(self.connection, "select min(first_id) from block")
        return meta(self.connection, "next_id") if first is None else int(first)

    def _gone_runs(self) -> set[str]:
        """Deleted runs of which no record of ours is left."""
        deleted = deleted_runs(self.place.local)
        own = "select run_id from kind where id not in (select kind from replica_kind)"
        return deleted.difference(run for (run,) in fetch(self.connection, own))

    def _sweep(self) -> None:
        """Remove the files of which no record is left; one that nobody remembers has what the next one has too."""
        known = dict(
            fetch(
                self.connection, "select number, last_id from relay_file where sink = ? order by number", (self.sink,)
            )
        )
        own, after = self._own_kinds(), 0
        for number, last_id in sorted(known.items()):
            if number < self.reach.number and not self._has_records(after, last_id, own):
                self._remove(number)
            after = last_id
        with contextlib.suppress(OSError):
            for number, path in numbered(self.files.folder, LOGS):
                if number < self.reach.number and number not in known:
                    path.unlink(missing_ok=True)

    def _has_records(self, after: int, last_id: int, own: Any) -> bool:
        blocks = f"select kinds from block where {_AFTER} and first_id <= ?2"
        return any(
            np.isin(np.frombuffer(blob, "<u4"), own).any()
            for (blob,) in fetch(self.connection, blocks, (after, last_id))
        )

    def _remove(self, number: int) -> None:
        self.files.path_of(number).unlink(missing_ok=True)
        with transaction(self.connection):
            self.connection.execute("delete from relay_file where sink = ? and number = ?", (self.sink, number))

    # --- the file ----------------------------------------------------------------------------------------------------

    def _append(self, row: dict[str, Any]) -> None:
        if self.files.current is None and not self.files.buffered:  # this row begins a file
            self.files.header["after"] = self.reach.last_id
            self.files.append(self._gone_row())
        self.files.append(row)

    def _flush(self) -> None:
        """Have what was appended reach the server, then move the cursor."""
        if not self.files.buffered:
            return
        self.files.flush()
        reach = self.reach = self.reach._replace(
            number=self.files.number, size=self.files.size, copied_us=_now(), trouble=""
        )
        with transaction(self.connection):
            self.connection.execute(
                f"insert or replace into relay (sink, {', '.join(Reach._fields)}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (self.sink, *reach),
            )
            self.connection.execute(
                "insert or replace into relay_file values (?, ?, ?)", (self.sink, reach.number, reach.last_id)
            )
            self.connection.executemany(
                "insert or replace into relay_run values (?, ?, ?, ?)",
                [(self.sink, run, *noted) for run, noted in self._noted.items()],
            )
        self._noted.clear()
        if self.files.full:
            self.files.end()

    def _has_streams(self, run_id: str) -> bool:
        with contextlib.suppress(StoreError):
            connection = connect(self.place.local)
            with contextlib.closing(connection):
                asked = "select 1 from stream s join run r on r.id = s.run where r.run_id = ? limit 1"
                return bool(fetch(connection, asked, (run_id,)))
        return False


BLOCK_FIELDS = (
    "first_id", "last_id", "count", "min_us", "max_us", "counts", "ranges", "columns", "slices", "sets",
)  # fmt: skip
"""What travels of a block: all of it but the numbers that its kinds have here."""
_JOBS = "select run_id, job from log_run where run_id in (select value from json_each(?))"
_AFTER = (
    "last_id > ?1 and first_id >= coalesce((select first_id from block where first_id <= ?1"
    " order by first_id desc limit 1), 0)"
)
"""Blocks with records after an id, by the index from the one that it is in or after: before it there are thousands."""
_HEADS = f"select id, first_id, last_id, sealed, kinds from block where {_AFTER} order by first_id limit ?2"


def _newer(rows: Rows, after: int, kinds: set[int]) -> Rows:
    """Of some records those after an id, of some kinds."""
    return rows.where([own > after and kind in kinds for own, kind in zip(rows.id, rows.kind, strict=True)])


def origin_of(connection: apsw.Connection) -> str:
    """The name of this database among the nodes; given when it is first asked for."""
    asked = "select value from log_meta where key = 'origin'"
    found = fetch(connection, asked)
    if not found:
        with transaction(connection):
            connection.execute("insert or ignore into log_meta values ('origin', ?)", (new_ulid(),))
        found = fetch(connection, asked)
    return str(found[0][0])


def deleted_runs(path: Path) -> set[str]:
    """The runs that were deleted here, or where they were recorded."""
    if not (path / DATABASE).exists():
        return set()
    connection = connect(path)
    with contextlib.closing(connection):
        return {run for (run,) in fetch(connection, "select run_id from run where deleted_us is not null")}


@contextlib.contextmanager
def _turn(path: Path, patience: float) -> Iterator[bool]:
    """The right to carry this node's log records, for one thread at a time; False where it cannot be had in time."""
    lock, deadline = _TURNS.setdefault(path, threading.Lock()), time.monotonic() + patience
    if not lock.acquire(timeout=patience):
        yield False
        return
    try:  # one descriptor at a time: closing any gives up the process's lock
        descriptor = os.open(path / TURN, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while not (ours := lock_byte(descriptor)) and time.monotonic() < deadline:
                time.sleep(0.02)
            yield ours
        finally:
            os.close(descriptor)
    finally:
        lock.release()


_TURNS: dict[Path, threading.Lock] = {}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_TURNS.clear)


def _now() -> int:
    return time.time_ns() // 1000
