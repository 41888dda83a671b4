"""A spool: the file to which one program appends its log records, so that they survive `kill -9` and need no lock.

    spool/<ULID>.spool      [head] [item] [item] …

    item    4 bytes  \\xc1 L G and what it is: H head, R record, S sample, J a run's job, U how far a source was read,
                     G a group
            4 bytes  length of the content, little endian
            4 bytes  CRC-32 of the content
            content, msgpack; of a group its items

A group is there whole or not at all: records, and how far their source was read when they had been made. So a source
that is read a second time, after a kill, goes on exactly there.

A batch is one `write`, which the kernel has when it returns. What a full disk cut off is written later; what is cut off
for ever is a torn tail, recognised by length or checksum, and what follows damage is found again by the three bytes
that begin an item (\\xc1 is no msgpack). Whoever brings items into `logs.db` moves the place up to which that was done
in the same transaction (`ingest`), so nothing comes twice and nothing is lost between.

That its writer lives is a record lock on the file's first byte, as in `store/liveness`, with the same trap: a process
never opens and closes a spool of its own a second time. A new spool gets its name only when it is locked.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import msgspec

from cornerman.core.errors import CornermanError
from cornerman.core.ids import new_ulid
from cornerman.core.payloads import log_record_v1
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.core.redacted_lines import redacted_record
from cornerman.core.redaction_rules import current_rules

from ..liveness import boot_id, holder, lock_byte
from ..location import SPOOL

ITEM = Struct("<4sII")
MARK = b"\xc1LG"
HEAD, RECORD, SAMPLE, JOB, UP_TO, GROUP = b"H", b"R", b"S", b"J", b"U", b"G"
VERSION = 1
"""Of what is in a spool. One of a newer version is left to who knows it."""
MAX_CONTENT = 16 << 20
"""Bytes of an item. A longer record is cut, and says so."""
MAX_GROUP = 512 << 20
WAITING_BYTES = 8 << 20
"""So much may wait in memory while the disk takes nothing."""
MAX_BYTES = 1 << 30
"""So long may a spool become while the database takes nothing."""
CUT_CHARACTERS = 1 << 20


class Item(NamedTuple):
    """One thing in a spool, and where the next begins."""

    what: bytes
    content: memoryview
    end: int


class Found(NamedTuple):
    """What some bytes of a spool hold."""

    items: list[Item]
    end: int
    """Up to here they are understood; what follows is not whole."""
    torn: int
    """Bytes that are no items, between items."""
    missing: int = 0
    """So many bytes the item takes that follows, if it is one."""


class Source(NamedTuple):
    """How far a source of records was read, in the words of who reads it."""

    name: str
    read: str


class Spool:
    """This process's spool of a store, made with its first item. Usable from any thread; never raises, never waits for
    anything but the kernel."""

    def __init__(self, store: Path, max_bytes: int = MAX_BYTES) -> None:
        self.folder = store / SPOOL
        self.lost: Counter[str] = Counter()
        """Records that were not taken, by cause; who reports them takes them out."""
        self.path: Path | None = None
        self.size = 0
        """Bytes of it that are written."""
        self.ingested = 0
        """Bytes of it that are in the database, as far as its writer knows."""
        self._max_bytes = max_bytes
        self._descriptor = -1
        self._waiting, self._cause = b"", ""
        """What waits for room, and why it has to."""
        self._owner = os.getpid()
        self._lock = threading.RLock()

    def append(self, records: Iterable[LogRecordV1]) -> int:
        """How many of the records are safe now, or wait in memory for room on the disk."""
        return self.write(RECORD, self._encoded(records))

    def append_with(self, records: Iterable[LogRecordV1], sources: Iterable[Source], *, again: bool = False) -> bool:
        """Append records and how far their sources were read; whether both are safe now, or wait: else neither is.
        `again`: what is not taken will be brought again, and is no loss."""
        contents = self._encoded(records)
        read = [msgspec.msgpack.encode(source._asdict()) for source in sources]
        return self._put(items(GROUP, [items(RECORD, contents) + items(UP_TO, read)]), 0 if again else len(contents))

    def write(self, what: bytes, contents: list[bytes]) -> int:
        """Append items of one sort, all or none."""
        return len(contents) if contents and self._put(items(what, contents), len(contents)) else 0

    def _encoded(self, records: Iterable[LogRecordV1]) -> list[bytes]:
        """The records that can be written; the others are counted."""
        rules = current_rules()
        contents = [encoded(redacted_record(record, rules)) for record in records]
        known = [content for content in contents if content is not None]
        if len(known) < len(contents):
            self.lost["unwritable"] += len(contents) - len(known)
        return known

    def _put(self, data: bytes, count: int) -> bool:
        with self._lock:
            cause = self._write(data)
            if cause and count:
                self.lost[cause] += count
        return not cause

    def flush(self) -> bool:
        """Write what waits for room; whether nothing waits any more."""
        with self._lock:
            return not (self._waiting or self._removed()) or (not self._write(b"") and not self._waiting)

    def read(self, offset: int, length: int) -> bytes:
        """Of its own file, through the one descriptor it may have."""
        with self._lock:
            return os.pread(self._descriptor, min(length, self.size - offset), offset) if self._descriptor >= 0 else b""

    def turn_over(self, ingested: int) -> None:
        """Begin a new file, if all that is in this one is in the database."""
        with self._lock:
            if self._descriptor >= 0 and ingested == self.size and not self._waiting:
                self._leave(remove=True)

    def close(self, remove: bool = False) -> None:
        """Leave the file. Records that still wait for room are lost now, and counted."""
        with self._lock:
            if self._waiting:
                begun = not self._waiting.startswith(MARK)  # a part of it is in the file
                waiting = sum(item.what == RECORD for item in parse(self._waiting, 0).items) + begun
                self.lost[self._cause] += waiting
                self._waiting = b""
            self._leave(remove)

    def _write(self, data: bytes) -> str:
        """Write as much as can be; what could not be waits, or is refused with the cause."""
        if os.getpid() != self._owner:
            self._after_fork()
        waiting = self._waiting
        if self.size + len(waiting) + len(data) > self._max_bytes:
            return "spool full"
        try:
            if self._removed():
                waiting = self._waiting = self._rescued() + waiting
            if self._descriptor < 0:
                self._make()
            written = os.write(self._descriptor, waiting + data)
        except OSError as error:
            return self._keep(waiting, data, os.strerror(error.errno or 0).lower())
        self.size += written
        if written < len(waiting) + len(data):
            return self._keep((waiting + data)[written:], b"", "disk full")
        self._waiting = b""
        return ""

    def note_ingested(self, path: Path, offset: int) -> None:
        """What of a spool is in the database; it may be another one by now."""
        with self._lock:
            if path == self.path:
                self.ingested = max(self.ingested, offset)

    def _removed(self) -> bool:
        return self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink

    def _rescued(self) -> bytes:
        """Somebody removed the file: what is not in the database yet is for a new one."""
        start = min(self.ingested, self.size)
        data = os.pread(self._descriptor, self.size - start, start)
        self._leave(remove=False)
        return data

    def _keep(self, waiting: bytes, data: bytes, cause: str) -> str:
        self._cause = cause
        if len(waiting) + len(data) > WAITING_BYTES and data:
            self._waiting = waiting
            return cause
        self._waiting = waiting + data
        return ""

    def _make(self) -> None:
        self.folder.mkdir(exist_ok=True)  # without parents: a store that was removed does not come back
        path = self.folder / f"{new_ulid()}.spool"
        unnamed = path.with_suffix(".new")
        descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            lock_byte(descriptor)
            facts = {"pid": os.getpid(), "boot": boot_id(), "time_us": time.time_ns() // 1000, "version": VERSION}
            head = items(HEAD, [msgspec.msgpack.encode(facts)])
            if os.write(descriptor, head) != len(head):
                raise OSError(28, "No space left on device")
            unnamed.rename(path)
        except OSError:
            os.close(descriptor)
            unnamed.unlink(missing_ok=True)
            raise
        self._descriptor, self.path, self.size, self.ingested = descriptor, path, len(head), 0
        OWN[path] = self

    def _leave(self, remove: bool) -> None:
        if self._descriptor < 0 or self.path is None:
            return
        if remove:
            self.path.unlink(missing_ok=True)
        OWN.pop(self.path, None)
        os.close(self._descriptor)
        self._descriptor, self.path, self.size = -1, None, 0

    def _after_fork(self) -> None:
        """In a forked child: the file and what waits are the parent's."""
        OWN.clear()
        if self._descriptor >= 0:
            os.close(self._descriptor)  # the lock is the parent's: record locks are not inherited
        self._descriptor, self.path, self.size, self._waiting = -1, None, 0, b""
        self._owner = os.getpid()
        self.lost.clear()


OWN: dict[Path, Spool] = {}
"""Spools of this process, which nobody may open here again."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=OWN.clear)


def encoded(record: LogRecordV1) -> bytes | None:
    """The bytes of a record, cut where it is too long; None where it cannot be written at all."""
    try:
        content = log_record_v1.encode(record)
        return content if len(content) <= MAX_CONTENT else log_record_v1.encode(_cut(record))
    except (CornermanError, UnicodeError, ValueError, TypeError):
        pass
    try:  # half a surrogate pair in a text: keep what can be said
        return log_record_v1.encode(_clean(record))
    except Exception:
        return None


def _cut(record: LogRecordV1) -> LogRecordV1:
    return msgspec.structs.replace(
        record, message=record.message[:CUT_CHARACTERS], raw=record.raw[:CUT_CHARACTERS], fields={}, extra={},
        raw_bytes=record.raw_bytes[:CUT_CHARACTERS], flags=(*record.flags, "cut"),
    )  # fmt: skip


def _clean(record: LogRecordV1) -> LogRecordV1:
    texts = {
        name: value.encode("utf-8", "backslashreplace").decode()
        for name in ("code", "component", "subcomponent", "message", "run_id", "stream", "agent", "raw", "logger")
        if isinstance(value := getattr(record, name), str)
    }
    tags = tuple(str(tag).encode("utf-8", "backslashreplace").decode() for tag in record.tags)
    return msgspec.structs.replace(record, **texts, tags=tags)


def items(what: bytes, contents: list[bytes]) -> bytes:
    """Items of one sort as bytes."""
    mark, crc = MARK + what, zlib.crc32
    return b"".join([ITEM.pack(mark, len(content), crc(content)) + content for content in contents])


def parse(data: bytes, base: int, *, last: bool = False) -> Found:
    """The items in some bytes of a spool that begin at the offset `base`, those of groups among them; `end` and
    `Item.end` are offsets of the file. `last`: nothing will follow, so what is not whole is damaged."""
    found: list[Item] = []
    view, size, place, torn = memoryview(data), len(data), 0, 0
    while place + ITEM.size <= size:
        mark, length, crc = ITEM.unpack_from(data, place)
        end = place + ITEM.size + length
        group = mark == MARK + GROUP
        whole = mark[:3] == MARK and length <= (MAX_GROUP if group else MAX_CONTENT * 2)
        if whole and end > size and (group or not last):
            return Found(found, base + place, torn, end - place)
        content = view[place + ITEM.size : end]
        if whole and end <= size and zlib.crc32(content) == crc:
            if group:
                found += [item._replace(end=base + end) for item in parse(bytes(content), 0).items]
            else:
                found.append(Item(mark[3:], content, base + end))
            place = end
            continue
        after = data.find(MARK, place + 1)
        if after < 0:
            break
        torn += after - place
        place = after
    return Found(found, base + place, torn)


def newer_than_we_know(items: list[Item]) -> bool:
    """Whether a later Cornerman wrote them, which alone knows what they mean. The first spools named no version."""
    for item in items:
        if item.what == HEAD:
            with contextlib.suppress(msgspec.DecodeError, AttributeError, TypeError):
                return bool(msgspec.msgpack.decode(item.content).get("version", 1) > VERSION)
    return False


def spools(store: Path) -> list[Path]:
    """Every spool of a store, the oldest first."""
    try:
        with os.scandir(store / SPOOL) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".spool"))
    except OSError:
        return []
    return [store / SPOOL / name for name in names]


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Reading | None]:
    """A spool to read from, of this process or of another; None where it has gone."""
    own = OWN.get(path)
    if own is not None:
        yield Reading(own, -1)
        return
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        yield None
        return
    try:
        yield Reading(None, descriptor)
    finally:
        os.close(descriptor)


class Reading:
    """A spool that is read."""

    def __init__(self, own: Spool | None, descriptor: int) -> None:
        self._own, self._descriptor = own, descriptor

    @property
    def size(self) -> int:
        return os.fstat(self._descriptor).st_size if self._own is None else self._own.size

    @property
    def alive(self) -> bool:
        """Whether its writer may still append to it."""
        return self._own is not None or holder(self._descriptor) is not None

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset) if self._own is None else self._own.read(offset, length)
