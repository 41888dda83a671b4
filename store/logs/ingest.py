"""From spools into `logs.db`: exactly once, by whoever comes first.

A transaction takes some items of a spool, puts their records into blocks, and moves the place up to which the spool was
read: all of it or nothing. A spool whose writer is gone is removed when it has been read to its end.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections import Counter
from collections.abc import Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

import apsw
import msgspec

from cornerman.core import values
from cornerman.core.errors import StoreError
from cornerman.core.logs.text import fields_text
from cornerman.core.payloads.log_record_v1 import VERSION, LogRecordV1

from ..location import SPOOL
from .backlog import RAW, recover
from .block import Rows, pack_body, packed
from .blocks import Tail, append_rows, ordered_kinds, tail_of
from .database import FILE, create_logs, fetch, meta, writing
from .kinds import COLUMNS, MOST, Kind, kind_of, row_of
from .spool import JOB, RECORD, SAMPLE, UP_TO, Item, Reading, newer_than_we_know, opened, parse, spools

BATCH_BYTES = 4 << 20
"""Of a spool that one transaction takes."""
CHECKPOINT_PAGES = 1024
AFTER_DELETE = "after delete"
"""The cause of records that came when their run was deleted: as of steps."""
_UNLESS = "where ?1 not in (select run_id from deleted_run)"
_INT64 = range(-(2**63), 2**63)


def _default(field: Any) -> Any:
    """What a field of the record is where it was not written."""
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return msgspec.field(default=field.default)


_Incoming: Any = msgspec.defstruct(
    "Incoming",
    [
        (field.name, msgspec.Raw, msgspec.Raw(values.EMPTY))
        if field.name in ("fields", "extra")
        else (field.name, field.type)
        if field.required
        else (field.name, field.type, _default(field))
        for field in msgspec.structs.fields(LogRecordV1)
    ],
    kw_only=True,
    tag_field="payload_version",
    tag=VERSION,
)
"""A record whose fields and extra are left as they are: they go into its body byte for byte."""
_DECODER = msgspec.msgpack.Decoder(_Incoming)
_KIND_OF = attrgetter(*Kind._fields)
_REST_OF = attrgetter("fields", "extra", "agent", "repeats", "raw_bytes")


class Ingestor:
    """Brings spools into the database of the store at `path`. For one thread."""

    def __init__(self, path: Path, *, busy_ms: int = 500, max_kinds: int = MOST) -> None:
        self.path, self.busy_ms, self.max_kinds = path, busy_ms, max_kinds
        self.offsets: dict[Path, int] = {}
        """How far each spool is in the database, as far as we saw to it."""
        self._connection: apsw.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._kinds: dict[tuple[Any, ...], int] = {}
        self._last_kind = self._generation = 0
        self._tail: Tail | None = None
        self._wal_pages = 0

    def turn(self, paths: Sequence[Path] | None = None) -> int:
        """Ingest what there is in these spools, or in all; how many records. StoreError where the database is not to
        be had: everything stays in the spools."""
        if paths is None:
            recover(self.path, self.turn, self._made)
        return sum(map(self._ingest, spools(self.path) if paths is None else paths))

    def _made(self, source: str) -> int:
        """How many records of a source are in the database."""
        rows = fetch(self.connection(), "select read from source where name = ?", (source,))
        return int(rows[0][0]) if rows else 0

    def close(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(apsw.Error):
                self._connection.close()
        self._connection = self._tail = None
        self._kinds.clear()
        self._last_kind = 0

    def connection(self) -> apsw.Connection:
        """The connection that writes; made again where the file was replaced."""
        try:
            stats = os.stat(self.path / FILE)
            found: tuple[int, int] | None = (stats.st_dev, stats.st_ino)
        except OSError:
            found = None
        if self._connection is None or found is None or found != self._file:
            self.close()
            self._connection = create_logs(self.path, busy_ms=self.busy_ms)
            self._connection.set_wal_hook(self._committed)
            stats = os.stat(self.path / FILE)
            self._file = stats.st_dev, stats.st_ino
        return self._connection

    def _ingest(self, path: Path) -> int:
        """All there is in one spool now."""
        taken = 0
        with opened(path) as reading:
            if reading is None:
                return 0
            alive = reading.alive  # asked first: what a dead writer wrote is all there
            while True:
                size, known = reading.size, self.offsets.get(path, -1)
                if known < size:
                    before, (count, known) = known, self._batch(path, reading, alive)
                    taken += count
                    if known != before and known >= 0:
                        continue
                break
            done = known >= 0 and (known >= size or not alive)
        if not alive and done:
            with contextlib.suppress(OSError):
                path.unlink()
            self.offsets.pop(path, None)
        return taken

    def _batch(self, path: Path, reading: Reading, alive: bool) -> tuple[int, int]:
        """One transaction: how many records came, and how far the spool is read then; below 0 where it is not ours."""
        connection = self.connection()
        try:
            count, end = self._commit(connection, path, reading, alive)
        except BaseException:  # what we have in memory was of a transaction that is undone
            self._kinds.clear()
            self._tail = None
            raise
        self.offsets[path] = end
        self._checkpoint(connection)
        return count, end

    def _commit(self, connection: apsw.Connection, path: Path, reading: Reading, alive: bool) -> tuple[int, int]:
        with writing(connection, self.path):
            rows = fetch(connection, "select offset from spool where name = ?", (path.stem,))
            if not rows and not path.exists():
                return 0, -1  # somebody else finished it
            offset = rows[0][0] if rows else 0
            data = reading.read(offset, BATCH_BYTES)
            found = parse(data, offset)
            if not found.items and found.missing > len(data):  # one item that is longer
                data = reading.read(offset, found.missing)
                found = parse(data, offset)
            last = not alive and offset + len(data) >= reading.size
            if last and found.end < offset + len(data):
                found = parse(data, offset, last=True)
            if newer_than_we_know(found.items):
                return 0, -1
            end, torn = found.end, found.torn
            if last and end < offset + len(data):
                torn, end = torn + 1, offset + len(data)
            count = self._take(connection, found.items, torn)
            if end != offset or not rows:
                connection.execute(
                    "insert into spool values (?, ?) on conflict (name) do update set offset = excluded.offset",
                    (path.stem, end),
                )
            self._forget_spools(connection)
        return count, end

    def _take(self, connection: apsw.Connection, items: list[Item], torn: int) -> int:
        """The items of one batch into their tables."""
        lost: Counter[str] = Counter({"torn": 1} if torn else {})
        records: list[Any] = []
        for item in items:
            try:
                if item.what == RECORD:
                    records.append(_DECODER.decode(item.content))
                elif item.what == SAMPLE:
                    connection.execute(f"insert or ignore into sample select ?, ?, ? {_UNLESS}", _sample(item.content))
                elif item.what == JOB:
                    connection.execute(f"insert or replace into log_run select ?, ? {_UNLESS}", _job(item.content))
                elif item.what == UP_TO:
                    connection.execute("insert or replace into source values (?, ?)", _up_to(item.content))
            except (msgspec.DecodeError, KeyError, TypeError):
                lost["unreadable"] += 1
        before, records = len(records), self._wanted(connection, records)
        lost[AFTER_DELETE] += before - len(records)
        if records:
            lost["unreadable"] += self._store_sound(connection, records)
        for cause, count in (+lost).items():
            count_lost(connection, cause, count)
        return len(records)

    def _wanted(self, connection: apsw.Connection, records: list[Any]) -> list[Any]:
        """Without those that come after their run was deleted; what our own programs say of it stays, as no run's."""
        gone = {run_id for (run_id,) in fetch(connection, "select run_id from deleted_run")}
        if not gone:
            return records
        wanted = [record for record in records if record.run_id not in gone or record.source == "emitted"]
        for record in wanted:
            if record.run_id in gone:
                said = {**values.decode(bytes(record.fields)), "run": record.run_id}
                record.fields, record.run_id = msgspec.Raw(values.encode(said)), ""
        return wanted

    def _store_sound(self, connection: apsw.Connection, records: list[Any]) -> int:
        """Store them, and if one cannot be, the others: it must not hold up what comes after it. How many could not."""
        try:
            with connection:  # a savepoint
                self._store(connection, records)
            return 0
        except (apsw.Error, StoreError, OSError):
            raise
        except Exception:
            self._kinds.clear()
            self._tail = None
        self._learn(connection)
        sound = [record for record in records if self._is_sound(connection, record)]
        if sound:
            self._store(connection, sound)
        return len(records) - len(sound)

    def _is_sound(self, connection: apsw.Connection, record: Any) -> bool:
        try:
            rows = self._rows(connection, [record], 1)
            packed(rows, ordered_kinds(connection, rows), sealed=True)
        except (apsw.Error, StoreError, OSError):
            raise
        except Exception:
            return False
        return True

    def _store(self, connection: apsw.Connection, records: list[Any]) -> None:
        self._learn(connection)
        next_id = meta(connection, "next_id")
        rows = self._rows(connection, records, next_id)
        connection.execute("update log_meta set value = ? where key = 'next_id'", (next_id + len(records),))
        self._tail = tail_of(connection, self._tail)
        append_rows(connection, self._tail, rows)

    def _rows(self, connection: apsw.Connection, records: list[Any], next_id: int) -> Rows:
        """Column by column: a loop over the records that does all at once takes twice as long."""
        rows, known = Rows(), self._kinds.get
        rows.id = list(range(next_id, next_id + len(records)))
        rows.message = [record.message for record in records]
        rows.raw = [record.raw for record in records]
        rests = map(_REST_OF, records)
        for kind, (fields, extra, agent, repeats, raw_bytes) in zip(map(_KIND_OF, records), rests, strict=True):
            number, fields, extra = known(kind), bytes(fields), bytes(extra)
            if number is None:
                number, extra = self._new_kind(connection, Kind._make(kind), extra)
            rows.kind.append(number)
            words = ""
            if len(fields) > 1 or len(extra) > 1:
                words = fields_text(values.decode(fields), values.decode(extra))
                if not words.isascii():  # half a surrogate pair has no bytes
                    words = words.encode("utf-8", "backslashreplace").decode()
            rows.fields.append(words)
            rows.body.append(pack_body(fields, extra, agent, repeats, raw_bytes))
        rows.time_us = _clamped([record.time_us for record in records])
        rows.pid = _fitting([record.pid for record in records])
        rows.episode = _fitting([record.episode for record in records])
        rows.step = _fitting([record.step for record in records])
        rows.env = _fitting([record.env_index for record in records])
        rows.size = rows.weigh()
        return rows

    def _new_kind(self, connection: apsw.Connection, kind: Kind, extra: bytes) -> tuple[int, bytes]:
        """A kind that the store has not seen; beyond the limit a coarser one, and the rest of it in `extra`."""
        if len(self._kinds) >= self.max_kinds and (kind.component or kind.tags or kind.logger or kind.code):
            found = values.decode(extra)
            for name in ("component", "subcomponent", "tags", "logger", "code"):
                if getattr(kind, name):
                    found.setdefault(name, list(kind.tags) if name == "tags" else getattr(kind, name))
            extra = values.encode(found)
            kind = kind._replace(
                component="", subcomponent="", tags=(), logger="", code="", flags=(*kind.flags, "capped")
            )
        number = self._kinds.get(kind)
        if number is None:
            connection.execute(f"insert into kind ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row_of(kind))
            number = self._kinds[kind] = connection.last_insert_rowid()
            self._last_kind = number
        return number, extra

    def _learn(self, connection: apsw.Connection) -> None:
        """The kinds that others have entered since we looked."""
        generation = meta(connection, "generation")
        if generation != self._generation or not self._kinds:
            self._kinds.clear()
            self._last_kind, self._generation = 0, generation
            self._tail = None
        for id, *row in connection.execute(
            f"select id, {COLUMNS} from kind where id > ? and id not in (select kind from replica_kind) order by id",
            (self._last_kind,),
        ):
            self._kinds[kind_of(row)] = self._last_kind = id

    def _forget_spools(self, connection: apsw.Connection) -> None:
        """Rows of files that are no longer there: their names never come again."""
        for (name,) in fetch(connection, "select name from spool"):
            if not (self.path / SPOOL / f"{name}.spool").exists():
                connection.execute("delete from spool where name = ?", (name,))
        for (name,) in fetch(connection, "select name from source where name glob ?", (f"{RAW}*",)):
            if not (self.path / SPOOL / f"{name.removeprefix(RAW)}.raw").exists():
                connection.execute("delete from source where name = ?", (name,))

    def _committed(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK

    def _checkpoint(self, connection: apsw.Connection) -> None:
        """Move the log into the database, as far as readers allow; nobody waits for it."""
        if self._wal_pages < CHECKPOINT_PAGES:
            return
        with contextlib.suppress(apsw.Error):
            connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
            self._wal_pages = 0


def count_lost(connection: apsw.Connection, cause: str, count: int) -> None:
    """Within a write transaction: records that did not become rows, by cause."""
    connection.execute(
        "insert into loss values (?1, ?2, ?3) on conflict (cause) do update set count = count + ?2, last_us = ?3",
        (cause, count, time.time_ns() // 1000),
    )


def _fitting(numbers: list[int | None]) -> list[int | None]:
    """Numbers as the columns can hold them; such as need more than 64 bits are left out."""
    some = [number for number in numbers if number is not None]
    if not some or (min(some) in _INT64 and max(some) in _INT64):
        return numbers
    return [None if number is None or number not in _INT64 else number for number in numbers]


def _clamped(times: list[int]) -> list[int]:
    """Times that can be subtracted from one another."""
    edge = 2**62
    return times if -edge < min(times) and max(times) < edge else [min(max(time, -edge), edge) for time in times]


def _up_to(content: memoryview) -> tuple[str, str]:
    found = msgspec.msgpack.decode(content)
    return found["name"], found["read"]


def _sample(content: memoryview) -> tuple[str, int, str]:
    found = msgspec.msgpack.decode(content)
    return found["run_id"], found["time_us"], msgspec.json.encode(found["values"]).decode()


def _job(content: memoryview) -> tuple[str, str]:
    found = msgspec.msgpack.decode(content)
    return found["run_id"], found["job"]
