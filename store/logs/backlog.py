"""What a command wrote and nobody has parsed yet: on disk before it is passed on, so that a kill loses none of it.

    spool/<ULID>-<n>.raw    [head] [chunk] [chunk] …

Items are those of a spool; a chunk is eight bytes of time (when it was read) and what was read. A file has whole lines
of one output and a few MiB, and goes when records of all of it are in a spool. Where its writer was killed, whoever
ingests next parses it from its beginning and leaves out as many records as were made before: the same bytes with the
same times make the same records. How many that are stands in the spool with the records themselves, so that a kill
between the two is not possible.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from struct import Struct
from typing import Final, Literal, cast

import msgspec

from cornerman.core.ids import new_ulid
from cornerman.core.log_lines import Context, OutputLines
from cornerman.core.payloads.log_record_v1 import LogRecordV1

from ..liveness import holder, lock_byte
from ..location import SPOOL
from .spool import HEAD, Source, Spool, items, parse, spools

SEGMENT_BYTES: Final = 4 << 20
"""So long a file becomes; longer, where a line does not end."""
LONGEST_SEGMENT_BYTES: Final = 64 << 20
QUIET_US: Final = 100_000
"""After so long a silence, a line that waited for the next one is a record."""
RAW: Final = "raw/"
"""What the names of these sources begin with."""
_CHUNK: Final = b"B"
_NUMBER: Final = Struct("<q")


class Segment:
    """One file of one output, being written. Its writer appends, its parser reads and removes it."""

    def __init__(self, store: Path, context: Context) -> None:
        folder = store / SPOOL
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{_NAMES.next()}.raw"
        unnamed = self.path.with_suffix(".new")
        self._descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self.size = self.made = 0
        head = {"run_id": context.run_id, "output": context.output, "pid": context.pid}
        try:
            lock_byte(self._descriptor)
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

    def read_on(self, records: int) -> Source:
        """How far it is read when so many more records of it are made."""
        self.made += records
        return _source(self.path, self.made)

    def remove(self) -> None:
        """All of it is records: the file goes. Only then others may look at it."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        _OWN.discard(self.path)

    def _item(self, what: bytes, content: bytes) -> int:
        data = items(what, [content])
        if os.pwrite(self._descriptor, data, self.size) != len(data):
            os.ftruncate(self._descriptor, self.size)
            raise OSError(28, "No space left on device")
        self.size += len(data)
        return self.size


class _Names:
    """Names of this process's files, in the order in which they were made whatever the clock does."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self._own, self._numbers = new_ulid(), itertools.count()

    def next(self) -> str:
        return f"{self._own}-{next(self._numbers):08}"


def _after_fork() -> None:
    _OWN.clear()
    _NAMES.begin()


_NAMES = _Names()
_OWN: set[Path] = set()
"""Files that this process writes, which it may not open again: that would give up their locks."""
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


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


def recover(store: Path, ingest: Callable[[list[Path]], object], made: Callable[[str], int]) -> int:
    """Put into a spool what dead writers left unparsed; how many records. What the disk does not take now, stays.

    `ingest` brings spools into the database; `made` says then how many records of a source are there.
    """
    held = [one for path in left(store) if path not in _OWN and (one := _held(path)) is not None]
    if not held:
        return 0
    spool, count = Spool(store), 0
    try:
        ingest(spools(store))  # their writers are dead, so what they made of them is all there
        for path, descriptor in held:
            count += _recover(path, descriptor, spool, made(RAW + path.stem))
    finally:
        spool.close()
        for _, descriptor in held:
            os.close(descriptor)
    return count


def _held(path: Path) -> tuple[Path, int] | None:
    """A file of a dead writer, locked so that nobody else recovers it."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    if holder(descriptor) is None and lock_byte(descriptor) and path.exists():
        return path, descriptor
    os.close(descriptor)
    return None


def _recover(path: Path, descriptor: int, spool: Spool, made: int) -> int:
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    count = seen = 0
    for records in _records(content):
        fresh = records[max(0, made - seen) :]
        seen += len(records)
        if fresh and not (spool.append_with(fresh, [_source(path, seen)], again=True) and spool.flush()):
            return count
        count += len(fresh)
    path.unlink(missing_ok=True)
    return count


def _source(path: Path, made: int) -> Source:
    return Source(RAW + path.stem, str(made))


def _records(content: bytes) -> Iterator[list[LogRecordV1]]:
    """What the chunks of a file make, chunk by chunk."""
    found = parse(content, 0, last=True).items
    if not found or found[0].what != HEAD:
        return
    head = msgspec.msgpack.decode(found[0].content)
    output = cast(Literal["stdout", "stderr"], head["output"])
    lines, before = OutputLines(Context(head["run_id"], output, head["pid"])), 0
    for item in found[1:]:
        (time_us,) = _NUMBER.unpack_from(item.content)
        yield parsed(lines, time_us, before or time_us, bytes(item.content[_NUMBER.size :]))
        before = time_us
    yield lines.close(before)
