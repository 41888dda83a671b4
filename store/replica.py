"""The other side of the copies: what other nodes left in the network folder, brought into this node's database.

Readers then need not know where a stream was recorded. Only what is new in each file is read, and each read is one
transaction with the file's offset, so two readers do not disturb each other and a kill repeats nothing. Rows that come
twice change nothing; sealed chunks replace the open ones that came before them, and a mark that is older than what is
known is passed over.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import apsw

from . import judgement_copies, run_folder
from .chunk_rows import insert_row
from .connection import create, transaction
from .copier import OPEN_SEGMENT, store_id
from .copies import LOGS, ROWS, read_rows
from .liveness import seen_elsewhere
from .network import Place, prepare
from .normalization import Snapshot
from .normalization import keep as keep_statistics
from .schema_relay import KIND
from .seal import Deleted, StreamIdentity, introduce
from .spaces import FORGET

OURS = -1
BATCH_BYTES = 64 << 20
_TABLES = {
    "chunk": ("chunk", "chunk_payload", "first_row", "rows"),
    "frames": ("frame_chunk", "frame_payload", "first_frame", "frames"),
}
_TOTALS = (
    "rows",
    "t",
    "sequence",
    "transitions",
    "episodes",
    "reward_sum",
    "frames",
    "bytes",
    "last_us",
    "ended_us",
    "open",
)


def refresh(place: Place) -> bool:
    """Bring in what other nodes added since the last time; whether there was anything.

    Errors of SQLite and of the file system come as they are: what was committed before them stays.
    """
    prepare(place)
    connection = create(place.local, busy_ms=500)
    try:
        reader = _Reader(connection, store_id(connection), place.local)
        found = [reader.read(file, f"{file.parent.name}/{file.name}") for file in _files(place.copies)]
        for process, until_us in reader.seen.items():
            seen_elsewhere(place.local, process, until_us)
        return any(found)
    finally:
        connection.close()


def has_copies(place: Place) -> bool:
    """Whether any node left steps or log records there."""
    return any(name.endswith((ROWS, LOGS)) for _, _, names in os.walk(place.copies) for name in names)


def _files(copies: Path) -> list[Path]:
    """Every file of steps, by writer and number."""
    try:
        folders = sorted(entry.path for entry in os.scandir(copies) if entry.is_dir() and not entry.name.endswith(LOGS))
        return [Path(f) / name for f in folders for name in sorted(os.listdir(f)) if name.endswith(ROWS)]
    except OSError:
        return []


class _Reader:
    """Reads files into a database."""

    def __init__(self, connection: apsw.Connection, own_store: str, path: Path) -> None:
        self.connection = connection
        self.own_store = own_store
        self.path = path
        self.seen: dict[str, int] = {}
        """Until when each process counts as alive, in microseconds since 1970."""
        self._columns: dict[str, list[str]] = {}

    def read(self, file: Path, name: str) -> bool:
        """All that is new in a file; whether there was anything."""
        found = False
        while True:
            offset = self._offset(name)
            try:
                if offset == OURS or next(read_rows(file, offset), None) is None:
                    return found
            except FileNotFoundError:  # removed by who wrote it: all its runs were deleted
                return found
            found = True
            with transaction(self.connection):
                self._read_batch(file, name)

    def _offset(self, name: str) -> int:
        rows: list[Any] = self.connection.execute("select offset from copy_file where name = ?", (name,)).fetchall()
        return int(rows[0][0]) if rows else 0

    def _read_batch(self, file: Path, name: str) -> None:
        """Up to a mark after enough bytes, or to the end: chunks and the totals that count them come together."""
        begin = at = self._offset(name)
        host = ""
        for row, end in read_rows(file, 0 if begin == 0 else begin) if begin != OURS else ():
            if row["kind"] == "copier":
                host = row["host"]
                if row["store"] == self.own_store:
                    at = OURS
                    break
            self._apply(row, host or file.parent.name.rpartition("-")[0])
            at = end
            if row["kind"] == "mark" and at - begin > BATCH_BYTES:
                break
        self.connection.execute("insert or replace into copy_file values (?, ?)", (name, at))

    # --- rows --------------------------------------------------------------------------------------------------------

    def _apply(self, row: dict[str, Any], host: str) -> None:
        kind = row["kind"]
        if kind in _TABLES:
            self._chunk(row, *_TABLES[kind])
        elif kind == "stream":
            self._stream(row, host)
        elif kind == "folder":
            self._folder(row)
        elif kind == "mark":
            self._mark(row)
        elif kind == KIND:
            from . import schema_copies  # with the whole registry, which few nodes need

            schema_copies.enter(self.connection, row, host)
        elif kind == "statistics":
            self._statistics(row)
        elif kind == judgement_copies.KIND:
            if self.connection.execute("select 1 from replica where stream = ?", (row["stream"],)).fetchall():
                judgement_copies.enter(self.connection, row)
        elif kind == "alive":
            self._alive(row)
        elif kind == "gone":
            self.seen.update(dict.fromkeys(row["processes"], 0))
        elif kind == "deleted":
            for stream in row["streams"]:
                self._delete(stream)

    def _stream(self, row: dict[str, Any], host: str) -> None:
        identity = StreamIdentity.decode(row["identity"])
        stream = identity.stream
        try:
            introduce(self.connection, identity)
        except Deleted:  # here, by somebody who does not want to see it
            return
        self.connection.execute("update stream set manifest = ? where id = ?", (stream["manifest"], stream["id"]))
        self.connection.execute(
            "insert into replica values (?, ?, ?, 0, 0) on conflict do nothing", (stream["id"], host, stream["process"])
        )

    def _folder(self, row: dict[str, Any]) -> None:
        """Another node's run: its manifest and inputs, unless it was deleted here."""
        found = self.connection.execute(
            "select 1 from run where run_id = ? and job = ? and deleted_us is null", (row["run"], row["job"])
        ).fetchall()
        if found:
            run_folder.bring(self.path, row["job"], row["run"], row["files"])

    def _chunk(self, row: dict[str, Any], table: str, payloads: str, first: str, count: str) -> None:
        columns = {name: value for name, value in row["columns"].items() if name in self._known(table)}
        stream, start, stop = columns["stream"], columns[first], columns[first] + columns[count]
        run = self.connection.execute
        if not run("select 1 from replica join stream on id = stream where stream = ?", (stream,)).fetchall():
            return  # deleted here, or recorded here after all
        found = run(
            f"select id, {first}, {first} + {count}, {'segment' if table == 'chunk' else OPEN_SEGMENT} from {table}"
            f" where stream = ?1 and {first} < ?3 and {first} + {count} > ?2 and {first} >= coalesce("
            f"(select max({first}) from {table} where stream = ?1 and {first} <= ?2), 0)",
            (stream, start, stop),
        ).fetchall()
        gone = _replaced(start, stop, columns.get("segment", OPEN_SEGMENT), found)
        if gone is None:
            return
        if table == "frame_chunk":  # looked up one by one: those that overlap may stay beside each other
            gone = [item for item in gone if start <= item[1] and item[2] <= stop]
        for number, *_ in gone:
            run(f"delete from {payloads} where {table} = ?", (number,))
            run(f"delete from {table} where id = ?", (number,))
        number = insert_row(self.connection, table, columns)
        run(f"insert into {payloads} values (?, ?)", (number, row["payload"]))

    def _mark(self, row: dict[str, Any]) -> None:
        stream, run = row["stream"], self.connection.execute
        known: list[Any] = run(
            "select s.rows, s.sequence, s.ended_us, r.process, r.copied_us"
            " from stream s join replica r on r.stream = s.id where s.id = ?",
            (stream,),
        ).fetchall()
        if not known:
            return
        ((rows, sequence, ended, process, copied),) = known
        self._seen(process, row["copied_us"], row["seconds"])
        if (row["rows"], row["sequence"]) < (rows, sequence) or row["copied_us"] < copied:
            return
        row = {**row, "ended_us": row["ended_us"] or ended}
        assignments = ", ".join(f"{name} = ?" for name in _TOTALS)
        run(
            f"update stream set {assignments}, notes = ? where id = ?",
            (*(row[name] for name in _TOTALS), json.dumps(row["notes"]), stream),
        )
        for cause, transitions in row["ledger"].items():
            run(
                "insert into ledger values (?1, ?2, ?3, ?4, ?4) on conflict do update"
                " set transitions = excluded.transitions, last_us = excluded.last_us",
                (stream, cause, transitions, row["copied_us"]),
            )
        run("update replica set t = ?, copied_us = ? where stream = ?", (row["t"], row["copied_us"], stream))

    def _statistics(self, row: dict[str, Any]) -> None:
        stream = row["stream"]
        if self.connection.execute("select 1 from replica where stream = ?", (stream,)).fetchall():
            keep_statistics(self.connection, stream, [Snapshot(*each) for each in row["snapshots"]])

    def _alive(self, row: dict[str, Any]) -> None:
        for process in row["processes"]:
            self._seen(process, row["us"], row["seconds"])
            self.connection.execute(
                "update replica set copied_us = max(copied_us, ?) where process = ?", (row["us"], process)
            )

    def _seen(self, process: str, us: int, seconds: float) -> None:
        until = us + int(max(3 * seconds, 30) * 1e6)
        self.seen[process] = max(self.seen.get(process, 0), until)

    def _delete(self, stream: int) -> None:
        run = self.connection.execute
        if not run("delete from replica where stream = ? returning stream", (stream,)).fetchall():
            return
        for table, payloads, _, _ in _TABLES.values():
            run(f"delete from {payloads} where {table} in (select id from {table} where stream = ?)", (stream,))
            run(f"delete from {table} where stream = ?", (stream,))
        run("delete from ledger where stream = ?", (stream,))
        run("delete from norm_stats where stream = ?", (stream,))
        judgement_copies.forget(self.connection, stream)
        for (number,) in run("delete from stream where id = ? returning run", (stream,)).fetchall():
            for statement in FORGET:
                run(statement)
            gone = run(
                "update run set deleted_us = ? where id = ? and not exists (select 1 from stream where run = run.id)"
                " returning job, run_id",
                (time.time_ns() // 1000, number),
            )
            for job, run_id in gone.fetchall():
                run_folder.remove(self.path, str(job), str(run_id))

    def _known(self, table: str) -> list[str]:
        """A newer Cornerman may send columns that this one does not have."""
        if table not in self._columns:
            rows: list[Any] = self.connection.execute(f"select name from pragma_table_info('{table}')").fetchall()
            self._columns[table] = [name for (name,) in rows]
        return self._columns[table]


def _replaced(start: int, stop: int, segment: int, found: list[Any]) -> list[Any] | None:
    """Which of the overlapping chunks give way to [start, stop); None where the new one does.

    Sealed ones stay, except inside a larger sealed one. Open ones give way, except to an open one that adds nothing.
    """
    for _, first, end, other in found:
        if other != OPEN_SEGMENT and (
            segment == OPEN_SEGMENT or first < start or end > stop or (first, end) == (start, stop)
        ):
            return None
        if other == OPEN_SEGMENT == segment and first <= start and end >= stop:
            return None
    return found
