"""What a command wrote and nobody has parsed yet: on disk before it is passed on, so that a kill loses none of it.

    spool/<ULID>.raw        [8 bytes: records that were made of it] [head] [chunk] [chunk] …

Items are those of a spool; a chunk is eight bytes of time (when it was read) and what was read. A file has whole lines
of one output and a few MiB, and goes when records of all of it are in a spool. Where its writer was killed, whoever
ingests next parses it from its beginning and leaves out as many records as were made before: the same bytes with the
same times make the same records. A kill between the records and their count, a microsecond later, repeats one batch.
"""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from struct import Struct
from typing import Final, Literal, cast

import msgspec

from cornerman.core.ids import new_ulid
from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.payloads.log_record_v1 import LogRecordV1

from ..liveness import holder, lock_byte
from ..location import SPOOL
from .spool import HEAD, ITEM, MARK, Spool, parse

SEGMENT_BYTES: Final = 4 << 20
"""So long a file becomes; longer, where a line does not end."""
LONGEST_SEGMENT_BYTES: Final = 64 << 20
QUIET_US: Final = 100_000
"""After so long a silence, a line that waited for the next one is a record."""
_CHUNK: Final = b"B"
_NUMBER: Final = Struct("<q")
_START: Final = _NUMBER.size


class Segment:
    """One file of one output, being written. Its writer appends, its parser reads, counts and removes it."""

    def __init__(self, store: Path, context: Context) -> None:
        folder = store / SPOOL
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{new_ulid()}.raw"
        unnamed = self.path.with_suffix(".new")
        self._descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self.size = _START
        self.made = 0
        """Records that were made of it."""
        head = {"run_id": context.run_id, "output": context.output, "pid": context.pid}
        try:
            lock_byte(self._descriptor)
            self.count(0)
            self._item(HEAD, msgspec.msgpack.encode(head))
            _OWN.add(self.path)
            unnamed.rename(self.path)
        except OSError:
            _OWN.discard(self.path)
            os.close(self._descriptor)
            unnamed.unlink(missing_ok=True)
            raise

    def append(self, time_us: int, data: bytes) -> int:
        """Where in the file it is. OSError where the disk does not take it: then the file is as it was."""
        return self._item(_CHUNK, _NUMBER.pack(time_us) + data) - len(data)

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._descriptor, length, offset)

    def count(self, records: int) -> None:
        """So many more records of it are safe."""
        self.made += records
        os.pwrite(self._descriptor, _NUMBER.pack(self.made), 0)

    def remove(self) -> None:
        """All of it is records: the file goes. Only then others may look at it."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        _OWN.discard(self.path)

    def _item(self, what: bytes, content: bytes) -> int:
        data = ITEM.pack(MARK + what, len(content), zlib.crc32(content)) + content
        if os.pwrite(self._descriptor, data, self.size) != len(data):
            os.ftruncate(self._descriptor, self.size)
            raise OSError(28, "No space left on device")
        self.size += len(data)
        return self.size


_OWN: set[Path] = set()
"""Files that this process writes, which it may not open again: that would give up their locks."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_OWN.clear)


def parsed(lines: OutputLines, time_us: int, before_us: int, data: bytes) -> list[LogRecordV1]:
    """The records that are complete with a chunk that was read so long after the last: the same ones each time."""
    quiet = lines.tick(time_us) if abs(time_us - before_us) >= QUIET_US else []
    return quiet + lines.feed(data, time_us)


def left(store: Path) -> list[Path]:
    """Files of living and dead writers, the oldest first."""
    with contextlib.suppress(OSError), os.scandir(store / SPOOL) as entries:
        names = sorted(entry.name for entry in entries if entry.name.endswith(".raw"))
        return [store / SPOOL / name for name in names]
    return []


def recover(store: Path) -> int:
    """Put into a spool what dead writers left unparsed; how many records. What the disk does not take now, stays."""
    paths = [path for path in left(store) if path not in _OWN]
    if not paths:
        return 0
    spool, count = Spool(store), 0
    try:
        for path in paths:
            count += _recover(path, spool)
    finally:
        spool.close()
    return count


def _recover(path: Path, spool: Spool) -> int:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return 0
    try:
        if holder(descriptor) is not None or not lock_byte(descriptor) or not path.exists():
            return 0
        content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
        made = _NUMBER.unpack_from(content)[0] if len(content) >= _START else 0
        count, skipped = 0, 0
        for records in _records(content):
            fresh = records[max(0, made - skipped) :]
            skipped += len(records) - len(fresh)
            if spool.append(fresh) != len(fresh) or not spool.flush():
                return count
            count += len(fresh)
            os.pwrite(descriptor, _NUMBER.pack(made + count), 0)
        path.unlink(missing_ok=True)
        return count
    finally:
        os.close(descriptor)


def _records(content: bytes) -> Iterator[list[LogRecordV1]]:
    """What the chunks of a file make, chunk by chunk."""
    items = parse(content[_START:], 0).items
    if not items or items[0].what != HEAD:
        return
    head = msgspec.msgpack.decode(items[0].content)
    output = cast(Literal["stdout", "stderr"], head["output"])
    lines, before = OutputLines(Context(head["run_id"], output, head["pid"])), 0
    for item in items[1:]:
        (time_us,) = _NUMBER.unpack_from(item.content)
        yield parsed(lines, time_us, before or time_us, bytes(item.content[_START:]))
        before = time_us
    yield lines.close(before)
