"""The journal's files: mapped segments that hold what is not yet in a chunk, so that a killed process loses nothing.

    journal/<process>.lock                      locked by its process for as long as it lives
    journal/<process>/<stream>.stream           the stream's manifest, msgpack, written once
    journal/<process>/<stream>.spare            an empty segment that the sealer has made for when the next is needed
    journal/<process>/<stream>.notes            what the recorder noted of the stream, JSON, written anew with each note
    journal/<process>/<stream>.norm             normalization statistics not yet in the store, msgpack, replaced whole
    journal/<process>/<stream>.<number>.seg     a segment

A segment has a fixed size and is preallocated before it is mapped: a mapped write to a full disk, or past the end of a
file cut short, is SIGBUS, which no `except` catches. It is never truncated while anything may have it mapped.

    0      8   magic
    8      8   generation: 0 while the fields below are being changed, then one more than before
    16     8   first_row      of the records of this generation
    24     8   first_t        calls of step before the first record
    32     8   first_sequence the first record's sequence number: record i is there if its head ends with first + i
    40     8   received       transitions received before the first record
    48     8   dropped        transitions dropped after the last record, 0 if none
    56     8   cause          why, an index into CAUSES
    64     8   dropped_steps  calls of step among what was dropped
    72     8   dropped_records  sequence numbers among what was dropped: steps and resets
    80     8   closed         1: the stream was closed cleanly after the last record
    88     8   full           one more than the number of records: the writer is done with this generation
    96     8   sealed         the generation that the store has; written by whoever sealed it
    104    8   refused        1: it was not stored, because its run was deleted
    112    8   length of the layout
    128    …   the layout, msgpack, padded to the header's size

The page cache holds what was written when the process is killed, in the order in which it was written. After a power
cut pages may be missing: a head that lost one does not begin and end with the same number, and is not believed.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from cornerman.core.layout import Layout

MAGIC = b"cornsg01"
HEADER = 16384
SAMPLED = "sampled"
"""The word of the ledger for what the source left out because it was told to: in a header only where no row follows."""
CAUSES = (
    "",
    "disk full",
    "budget",
    "journal full",
    "store read-only",
    "store deleted",
    "after delete",
    "fault",
    SAMPLED,
)
_GENERATION, _FIRST_ROW, _FIRST_T, _FIRST_SEQUENCE, _RECEIVED, _DROPPED, _CAUSE, _STEPS, _RECORDS = range(1, 10)
_CLOSED, _FULL, _SEALED, _REFUSED, _LAYOUT = range(10, 15)
_LAYOUT_AT = 128

_MADV_POPULATE_WRITE = 23

_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(Layout)


class NotASegment(Exception):
    """The file does not begin as a segment does: cut short, or being made at this moment."""


class Segment:
    """One mapped segment, for the process that writes it or, with `writable=False`, for anyone who reads it."""

    def __init__(self, path: Path, descriptor: int, memory: mmap.mmap, mapped: bool) -> None:
        self.path = path
        self.descriptor = descriptor
        self.memory = memory
        self.mapped = mapped
        self._words = np.frombuffer(memory, np.uint64, 16)
        self._layout: Layout | None = None
        self._lanes: dict[str, np.ndarray[Any, Any]] = {}

    @classmethod
    def create(cls, path: Path, layout: Layout) -> Segment:
        """A new segment, its space allocated; OSError where there is none. Never replaces a file."""
        content = _ENCODER.encode(layout)
        if len(content) > HEADER - _LAYOUT_AT:
            raise ValueError("the layout has too many columns for a segment's header")
        size = HEADER + layout.size
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            mapped = _allocate(descriptor, path, size)
            memory = mmap.mmap(descriptor, size) if mapped else mmap.mmap(-1, size)
        except BaseException:
            os.close(descriptor)
            os.unlink(path)
            raise
        memory[_LAYOUT_AT : _LAYOUT_AT + len(content)] = content
        memory[:8] = MAGIC
        segment = cls(path, descriptor, memory, mapped)
        segment._words[_LAYOUT] = len(content)
        segment._layout = layout
        segment.flush_header()
        return segment

    @classmethod
    def open(cls, path: Path, *, sealing: bool = False) -> Segment:
        """An existing segment, for looking, or for sealing; NotASegment, or OSError where it has just gone."""
        descriptor = os.open(path, (os.O_RDWR if sealing else os.O_RDONLY) | os.O_CLOEXEC)
        try:
            size = os.fstat(descriptor).st_size
            if size < HEADER or os.pread(descriptor, 8, 0) != MAGIC:
                raise NotASegment(str(path))
            memory = mmap.mmap(descriptor, size, prot=mmap.PROT_READ | mmap.PROT_WRITE * sealing)
        except BaseException:
            os.close(descriptor)
            raise
        segment = cls(path, descriptor, memory, True)
        try:
            if segment.layout.size + HEADER != size:
                raise NotASegment(f"{path} was cut short")
        except BaseException:
            segment.close()
            raise
        return segment

    @classmethod
    def adopt(cls, spare: Path, path: Path, layout: Layout) -> Segment | None:
        """The segment that somebody made in advance, under its new name; None where there is none of this layout."""
        try:
            os.rename(spare, path)
            segment = cls.open(path, sealing=True)
        except (OSError, NotASegment):
            return None
        if segment.layout != layout or segment.generation:
            segment.remove()
            return None
        segment._layout = layout
        segment.populate()
        return segment

    def populate(self) -> None:
        """Have the kernel map all pages for writing now: one by one, at first touch, they cost four times as much."""
        if self.mapped:
            with contextlib.suppress(OSError):  # a kernel before 5.14: they are touched one by one
                self.memory.madvise(_MADV_POPULATE_WRITE)

    @property
    def number(self) -> int:
        return int(self.path.name.split(".")[1])

    @property
    def stream_id(self) -> int:
        return int(self.path.name.split(".")[0])

    @property
    def layout(self) -> Layout:
        if self._layout is None:
            length = int(self._words[_LAYOUT])
            try:
                self._layout = _DECODER.decode(self.memory[_LAYOUT_AT : _LAYOUT_AT + min(length, HEADER)])
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                raise NotASegment(f"{self.path}: {error}") from error
        return self._layout

    @property
    def generation(self) -> int:
        return int(self._words[_GENERATION])

    @property
    def first_row(self) -> int:
        return int(self._words[_FIRST_ROW])

    @property
    def first_t(self) -> int:
        return int(self._words[_FIRST_T])

    @property
    def first_sequence(self) -> int:
        return int(self._words[_FIRST_SEQUENCE])

    @property
    def received(self) -> int:
        return int(self._words[_RECEIVED])

    @property
    def dropped(self) -> tuple[int, int, str]:
        """Transitions and steps dropped after the last record, and why."""
        cause = int(self._words[_CAUSE])
        return int(self._words[_DROPPED]), int(self._words[_STEPS]), CAUSES[cause] if cause < len(CAUSES) else "fault"

    @property
    def dropped_records(self) -> int:
        """Sequence numbers that were used up by what was dropped."""
        return int(self._words[_RECORDS])

    @property
    def closed(self) -> bool:
        return bool(self._words[_CLOSED])

    @property
    def full(self) -> int | None:
        """How many records the writer left, None while it is still writing."""
        return int(self._words[_FULL]) - 1 if self._words[_FULL] else None

    @property
    def sealed(self) -> bool:
        """Whether the store has this generation, or will never have it."""
        return self._seen(_SEALED) == self.generation

    @property
    def refused(self) -> bool:
        """Whether it was not stored because its run was deleted."""
        return bool(self._seen(_REFUSED))

    @property
    def waiting(self) -> bool:
        """Whether its writer has left it to be sealed. Looks twice: the writer may be taking it for use again."""
        generation = self.generation
        return bool(generation) and self.full is not None and not self.sealed and self.generation == generation

    def begin(self, first_row: int, first_t: int, first_sequence: int, received: int) -> None:
        """Forget the records and start a new generation. A kill in the middle leaves generation 0: an empty segment."""
        words = self._words
        generation = self.generation + 1
        words[_GENERATION] = 0
        words[_FIRST_ROW], words[_FIRST_T], words[_FIRST_SEQUENCE] = first_row, first_t, first_sequence
        words[_RECEIVED] = received
        words[_DROPPED : _FULL + 1] = 0
        words[_REFUSED] = 0
        self.flush_header()
        words[_GENERATION] = generation
        self.flush_header()

    def set_dropped(self, transitions: int, steps: int, records: int, cause: str) -> None:
        """Note what was received after the last record and not kept: readable after a kill, like the records."""
        words = self._words
        words[_DROPPED], words[_STEPS], words[_RECORDS] = transitions, steps, records
        words[_CAUSE] = CAUSES.index(cause)
        self.flush_header()

    def set_closed(self) -> None:
        self._words[_CLOSED] = 1
        self.flush_header()

    def set_full(self, records: int) -> None:
        """The writer is done with it: it holds so many records, and from here on belongs to whoever seals it."""
        self._words[_FULL] = records + 1
        self.flush_header()

    def set_sealed(self, refused: bool = False) -> None:
        """The store has it: its writer may use it again. Through the file, which the writer has mapped."""
        os.pwrite(self.descriptor, int(refused).to_bytes(8, "little"), 8 * _REFUSED)
        os.pwrite(self.descriptor, self.generation.to_bytes(8, "little"), 8 * _SEALED)
        if not self.mapped:
            self._words[_REFUSED], self._words[_SEALED] = int(refused), self.generation

    def _seen(self, word: int) -> int:
        """A word that another process may have written."""
        if self.mapped:
            return int(self._words[word])
        return int.from_bytes(os.pread(self.descriptor, 8, 8 * word), "little")

    def heads(self) -> np.ndarray[Any, Any]:
        """The packed records, valid or not."""
        layout = self.layout
        return np.frombuffer(self.memory, layout.head_dtype, layout.rows, HEADER)

    def lane(self, column: str) -> np.ndarray[Any, Any]:
        """The slots of a wide column: (rows, …)."""
        if column not in self._lanes:
            self._lanes[column] = self._lane(column)
        return self._lanes[column]

    def _lane(self, column: str) -> np.ndarray[Any, Any]:
        layout = self.layout
        leaf = next(leaf for leaf in layout.lanes if leaf.column == column)
        items = layout.rows * (leaf.nbytes // leaf.type.itemsize)
        flat = np.frombuffer(self.memory, leaf.type, items, HEADER + layout.lane_offsets[column])
        return flat.reshape(layout.rows, *leaf.shape)

    def count(self, known: int = 0) -> int:
        """How many records there are, the first `known` of which were seen before."""
        heads = self.heads()[known:]
        expected = np.arange(len(heads), dtype=np.uint64) + np.uint64(self.first_sequence + known)
        bad = np.flatnonzero((heads["end"] != expected) | (heads["sequence"] != expected))
        return known + (int(bad[0]) if bad.size else len(heads))

    def extras(self) -> dict[int, memoryview]:
        """The extras entries by the sequence number of their record; those of records not written yet included."""
        begin = HEADER + self.layout.extras_offset
        view, at, found = memoryview(self.memory), begin, {}
        first = self.first_sequence
        while at + 24 <= len(view):
            sequence = int.from_bytes(view[at : at + 8], "little")
            length = int.from_bytes(view[at + 8 : at + 16], "little")
            if sequence < first or at + 24 + length > len(view) or sequence in found:
                break
            if int.from_bytes(view[at + 16 + length : at + 24 + length], "little") != sequence:
                break
            found[sequence] = view[at + 16 : at + 16 + length]
            at += -(-(24 + length) // 8) * 8
        return found

    def flush_header(self) -> None:
        """Where the segment could not be mapped: write the header through."""
        if not self.mapped:
            os.pwrite(self.descriptor, self.memory[:HEADER], 0)

    def write_through(self, start: int, stop: int) -> None:
        """Where the segment could not be mapped: write these bytes through; OSError when the disk is full."""
        if not self.mapped:
            os.pwrite(self.descriptor, memoryview(self.memory)[start:stop], start)

    @property
    def free(self) -> bool:
        """Whether it waits for its writer to use it again."""
        return self.sealed and self.full is not None

    @property
    def half_full(self) -> bool:
        """Whether the writer will soon need another one."""
        middle = self.layout.rows // 2
        return bool(self.generation) and int(self.heads()["end"][middle]) == self.first_sequence + middle

    def close(self) -> None:
        """Let go of the file. The map goes with the last array that looks into it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
        self._words = np.zeros(16, np.uint64)
        self._lanes = {}

    def remove(self) -> None:
        """Delete the file and let go of it."""
        self.path.unlink(missing_ok=True)
        self.close()


def spare_path(folder: Path, stream: int) -> Path:
    return folder / f"{stream}.spare"


_NAME = re.compile(r"^(\d+)\.(\d+)\.seg$")


def segment_paths(folder: Path, stream: int | None = None) -> list[Path]:
    """The segments of a process's folder by stream and number; an empty list where the folder has gone."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    found = sorted((int(m[1]), int(m[2])) for m in map(_NAME.match, names) if m)
    return [folder / f"{s}.{number}.seg" for s, number in found if stream is None or s == stream]


_UNALLOCATING = {"btrfs", "zfs", "bcachefs", "f2fs", "nilfs2", "overlay"}


def _allocate(descriptor: int, path: Path, size: int) -> bool:
    """Reserve `size` bytes; whether the file may be mapped.

    On copy-on-write and FUSE file systems an allocation is no guarantee: there each record is written with `pwrite`,
    which answers a full disk with an error instead of a signal.
    """
    from .filesystem import filesystem_of

    kind = filesystem_of(path).type
    if kind in _UNALLOCATING or kind.startswith("fuse"):
        os.ftruncate(descriptor, size)
        return False
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            os.ftruncate(descriptor, size)
            return False
        raise
    return True
