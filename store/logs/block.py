"""A block: some records, column by column, as bytes and back.

    columns   kind (which of the block's kinds), time, pid, episode, step, env: read to decide which records are meant
    slices    texts and bodies of up to 256 records each, compressed together: read to search and to show them
    sets      of each slice, the pieces of its texts (`grams`): read to decide which slices to search

Columns are in the order of the records; texts are in the order of their kinds, which are ordered by level and
component. What resembles each other is compressed together, and a search among errors reads one slice of sixteen.

A record's text is its message, its fields as they are shown, and the line as it came, one after another. Its body is
what else there is, msgpack: fields and extra as `core.values` wrote them, agent, repeats, bytes that are no text.
"""

from __future__ import annotations

import contextlib
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from itertools import compress as picked
from typing import Any, NamedTuple, TypeVar

import apsw
import msgspec
import numpy as np

from cornerman.core import values
from cornerman.core.columns import Column, compress, decompress, pack, unpack
from cornerman.core.errors import PayloadError
from cornerman.core.logs.text import folded

from .grams import Sets, gram_sets

Array = np.ndarray[Any, Any]
Value = TypeVar("Value")

RECORDS = 4096
"""Records of a full block."""
TEXT_BYTES = 8 << 20
"""A block is full, too, when its texts and bodies are so long."""
SLICE_RECORDS, SLICE_BYTES = 256, 256 << 10
NUMBERS = ("pid", "episode", "step", "env")
"""Columns of numbers that may be missing."""
SLICES = 1 << 16
"""`block_text.id` is the block's id times this, and the number of the slice."""

DAMAGED = "`cornerman verify` says which. Only log records of it are gone, no steps."
LOST = "(the text of this record is damaged)"
"""The message of a record whose slice cannot be read."""


class Rows:
    """Records that are about to become a block, as lists."""

    __slots__ = ("body", "env", "episode", "fields", "id", "kind", "message", "pid", "raw", "size", "step", "time_us")

    def __init__(self) -> None:
        self.id: list[int] = []
        self.kind: list[int] = []
        self.time_us: list[int] = []
        self.pid: list[int | None] = []
        self.episode: list[int | None] = []
        self.step: list[int | None] = []
        self.env: list[int | None] = []
        self.message: list[str] = []
        self.fields: list[str] = []
        self.raw: list[str] = []
        self.body: list[bytes] = []
        self.size = 0
        """Characters and bytes of texts and bodies, about."""

    def __len__(self) -> int:
        return len(self.id)

    def take(self, count: int) -> Rows:
        """Its first `count` records, which are then no longer in it."""
        taken = Rows()
        for name in _LISTS:
            mine = getattr(self, name)
            getattr(taken, name).extend(mine[:count])
            del mine[:count]
        taken.size = taken.weigh()
        self.size -= taken.size
        return taken

    def extend(self, other: Rows) -> None:
        for name in _LISTS:
            getattr(self, name).extend(getattr(other, name))
        self.size += other.size

    def last(self, count: int) -> Rows:
        """A copy of its last `count` records."""
        copy = Rows()
        for name in _LISTS:
            setattr(copy, name, getattr(self, name)[-count:])
        copy.size = copy.weigh()
        return copy

    def where(self, wanted: list[bool]) -> Rows:
        """A copy of some of its records."""
        copy = Rows()
        for name in _LISTS:
            setattr(copy, name, list(picked(getattr(self, name), wanted)))
        copy.size = copy.weigh()
        return copy

    def weigh(self) -> int:
        return sum(sum(map(len, part)) for part in (self.message, self.fields, self.raw, self.body))

    def full_at(self) -> int:
        """How many of its first records make a full block; 0 where they do not yet."""
        if self.size >= TEXT_BYTES:
            weight = 0
            for count, parts in enumerate(zip(self.message, self.fields, self.raw, self.body, strict=True), 1):
                weight += sum(map(len, parts))
                if weight >= TEXT_BYTES or count == RECORDS:
                    return count
        return RECORDS if len(self) >= RECORDS else 0


_LISTS = tuple(name for name in Rows.__slots__ if name != "size")


@dataclass(frozen=True, slots=True)
class Packed:
    """A block as its tables take it."""

    first_id: int
    last_id: int
    count: int
    min_us: int
    max_us: int
    kinds: bytes
    counts: bytes
    ranges: bytes
    columns: bytes
    slices: list[bytes]
    sets: Sets | None

    @property
    def bytes(self) -> int:
        parts = (self.kinds, self.counts, self.ranges, self.columns, *self.slices, *(self.sets or ()))
        return sum(map(len, parts)) + 64


class Numbers(NamedTuple):
    """A column of numbers, some of which may be missing: there is one only where `present` is true."""

    values: Array
    present: Array | None
    """None: all of them."""


def packed(rows: Rows, kinds: Array, *, sealed: bool) -> Packed:
    """A block of these records; `kinds` are the ids of theirs, in the order in which their texts are to stand."""
    ids, times = np.array(rows.id, np.int64), np.array(rows.time_us, np.int64)
    sorter = np.argsort(kinds)
    kind: Array = sorter[np.searchsorted(kinds, rows.kind, sorter=sorter)].astype(_kind_type(len(kinds)))
    order = np.argsort(kind, kind="stable").tolist()
    texts = [[part[row] for row in order] for part in (rows.message, rows.fields, rows.raw, rows.body)]
    numbers = {name: _numbers(getattr(rows, name)) for name in NUMBERS}
    bounds = list(_slice_bounds(texts))
    columns: dict[str, Any] = {
        "kind": compress(kind.tobytes()) if len(kinds) > 1 else b"",
        "time": pack("time", times, delta=True),
        "slices": bounds,
    }
    if ids[-1] - ids[0] != len(ids) - 1:
        columns["id"] = pack("id", ids, delta=True)
    for name, (found, present) in numbers.items():
        if present is None or present.any():
            columns[name] = pack(name, found, delta=name != "pid")
            if present is not None:
                columns[name + "?"] = compress(np.packbits(present).tobytes())
    slices = [slice(a, b) for a, b in pairwise([*bounds, len(rows)])]
    return Packed(
        int(ids[0]), int(ids[-1]), len(rows), int(times.min()), int(times.max()),
        kinds.astype("<u4").tobytes(), np.bincount(kind, minlength=len(kinds)).astype("<u4").tobytes(),
        _ranges(numbers), _sealed_with_sum(msgspec.msgpack.encode(columns)), [_slice(texts, some) for some in slices],
        _sets(texts, numbers, order, slices) if sealed else None,
    )  # fmt: skip


def _sets(texts: list[list[Any]], numbers: dict[str, Numbers], order: list[int], slices: list[slice]) -> Sets:
    return gram_sets([_gram_text(texts, some) for some in slices], _gram_numbers(numbers, order, slices))


def _gram_text(texts: list[list[Any]], some: slice) -> bytes:
    """The folded texts of a slice, with something between them."""
    return folded(
        "\n".join([part for three in zip(*(part[some] for part in texts[:3]), strict=True) for part in three])
    ).encode()


def _gram_numbers(numbers: dict[str, Numbers], order: list[int], slices: list[slice]) -> list[list[Array]]:
    """The numbers of each slice, a list for each column of NUMBERS."""
    columns = []
    for found, present in numbers.values():
        values = found[order] if found.size else found
        there = present[order] if found.size and present is not None else None
        columns.append([values[some] if there is None else values[some][there[some]] for some in slices])
    return [list(each) for each in zip(*columns, strict=True)]


def _kind_type(kinds: int) -> type:
    return np.uint8 if kinds <= 256 else np.uint16


def _numbers(found: list[int | None]) -> Numbers:
    missing = found.count(None)
    if not missing:
        return Numbers(np.array(found, np.int64), None)
    present = np.array([value is not None for value in found])
    if missing == len(found):
        return Numbers(np.zeros(0, np.int64), present)
    # a missing one repeats the last there was: what does not change costs nothing
    last, filled = 0, []
    for value in found:
        last = last if value is None else value
        filled.append(last)
    return Numbers(np.array(filled, np.int64), present)


def _ranges(numbers: dict[str, Numbers]) -> bytes:
    bounds: list[int] = []
    for found, present in numbers.values():
        some = found if present is None else found[present] if found.size else found
        bounds += [int(some.min()), int(some.max())] if some.size else [1, 0]
    return np.array(bounds, "<i8").tobytes()


def _slice_bounds(texts: list[list[Any]]) -> Iterator[int]:
    """Where slices begin."""
    begin = weight = 0
    yield 0
    for at, size in enumerate(map(sum, zip(*(map(len, part) for part in texts), strict=True))):
        if at - begin == SLICE_RECORDS or (at > begin and weight >= SLICE_BYTES):
            begin, weight = at, 0
            yield at
        weight += size


def _slice(texts: list[list[Any]], some: slice) -> bytes:
    message, fields, raw, bodies = (part[some] for part in texts)
    parts = [part.encode() for three in zip(message, fields, raw, strict=True) for part in three]
    lengths = np.fromiter(chain(map(len, parts), map(len, bodies)), "<u4", len(parts) + len(bodies))
    content = b"".join((lengths.tobytes(), *parts, *bodies))
    return len(content).to_bytes(4, "little") + compress(content, checksum=True)


class Slice:
    """The texts and bodies of some records of a block, in the order of their kinds: from place `begin` on."""

    __slots__ = ("_bodies", "_ends", "begin", "content", "count")

    def __init__(self, payload: bytes, begin: int, count: int) -> None:
        self.content = decompress(payload[4:], int.from_bytes(payload[:4], "little"))
        self.begin, self.count = begin, count
        self._ends: Array | None = None
        self._bodies: Array | None = None

    def check(self) -> None:
        """Whether its lengths are those of what it has; ValueError where they are not."""
        _expect(int(self._lengths(0, 4 * self.count).sum(dtype=np.int64)) == len(self.content) - 16 * self.count)

    @property
    def nbytes(self) -> int:
        """The memory that it takes, about."""
        return len(self.content) + 32 * self.count

    @property
    def text(self) -> bytes:
        """The texts of all its records, one after another."""
        count = self.count
        return self.content[16 * count : 16 * count + int(self._lengths(0, 3 * count).sum(dtype=np.int64))]

    @property
    def ends(self) -> Array:
        """Where in `text` each part of each record ends."""
        if self._ends is None:
            self._ends = np.cumsum(self._lengths(0, 3 * self.count), dtype=np.int64)
        return self._ends

    def part_ends(self, at: int) -> tuple[int, tuple[int, ...]]:
        """Where in `text` the record at this place begins, and where its three parts end."""
        return int(self.ends[3 * at - 1]) if at else 0, tuple(self.ends[3 * at : 3 * at + 3].tolist())

    def parts(self, at: int) -> tuple[str, str, str]:
        """Message, fields and raw line of the record at this place of the slice."""
        begin, (one, two, three) = self.part_ends(at)
        base, content = 16 * self.count, self.content
        return (
            content[base + begin : base + one].decode("utf-8", "replace"),
            content[base + one : base + two].decode("utf-8", "replace"),
            content[base + two : base + three].decode("utf-8", "replace"),
        )

    def body(self, at: int) -> bytes:
        if self._bodies is None:
            self._bodies = np.cumsum(self._lengths(3 * self.count, self.count), dtype=np.int64)
        base = 16 * self.count + int(self.ends[-1])
        begin = int(self._bodies[at - 1]) if at else 0
        return self.content[base + begin : base + int(self._bodies[at])]

    def _lengths(self, first: int, count: int) -> Array:
        return np.frombuffer(self.content, "<u4", count, 4 * first)


class BlockDamaged(PayloadError):
    """A block, or a part of one, that cannot be read: whoever reads goes on without it."""

    def __init__(self, block: int, reason: str) -> None:
        self.block, self.reason = block, reason
        super().__init__(f"Some log records cannot be read ({reason}).", DAMAGED)


@contextlib.contextmanager
def decoding(block: int) -> Iterator[None]:
    """What is found instead of a block's bytes raises BlockDamaged, whatever the libraries say of it."""
    try:
        yield
    except BlockDamaged:
        raise
    except apsw.Error as error:
        if not isinstance(error, apsw.CorruptError | apsw.IOError):
            raise
        raise BlockDamaged(block, str(error)) from error
    except PayloadError as error:
        raise BlockDamaged(block, error.what) from error
    except Exception as error:
        raise BlockDamaged(block, f"{type(error).__name__}: {error}") from error


class Columns:
    """The columns of a block, each unpacked when it is first asked for."""

    def __init__(self, payload: bytes, count: int, kinds: int, block: int = 0) -> None:
        with decoding(block):
            self._found: dict[str, Any] = msgspec.msgpack.decode(_checked(payload))
            self.bounds: list[int] = self._found["slices"]
            """The places, in the order of texts, with which slices begin."""
            _expect(self.bounds[0] == 0 and self.bounds == sorted(set(self.bounds)) and self.bounds[-1] < count)
        self.count, self._kinds, self._block = count, kinds, block
        self._unpacked: dict[str, Any] = {}

    @property
    def kind(self) -> Array:
        """For each record the place of its kind among the block's kinds."""
        return self._once("kind", self._kind)

    def _kind(self) -> Array:
        if not self._found["kind"]:
            return np.zeros(self.count, np.uint8)
        type = np.dtype(_kind_type(self._kinds))
        found = np.frombuffer(decompress(self._found["kind"], self.count * type.itemsize), type)
        _expect(len(found) == self.count and int(found.max()) < self._kinds)
        return found

    @property
    def order(self) -> Array:
        """The rows in the order of their texts."""
        return self._once("order", lambda: np.argsort(self.kind, kind="stable").astype(np.uint16))

    @property
    def place(self) -> Array:
        """Of each row the place of its text."""
        return self._once("place", lambda: np.argsort(self.order).astype(np.uint16))

    @property
    def time(self) -> Array:
        return self._once("time", lambda: self._unpacked_column("time"))

    def check(self) -> None:
        """Unpack all of it: BlockDamaged where something is not what was written."""
        for column in (self.kind, self.time, self.ids(0)):
            _expect(len(column) == self.count)
        for name in NUMBERS:
            self.numbers(name)

    def ids(self, first_id: int) -> Array:
        if "id" not in self._found:
            return np.arange(first_id, first_id + self.count)
        return self._once("id", lambda: self._unpacked_column("id"))

    @property
    def nbytes(self) -> int:
        """The memory that it takes by now, about."""
        found = sum(len(part) for part in self._found.values() if isinstance(part, bytes))
        for part in self._unpacked.values():
            found += sum(each.nbytes for each in part if each is not None) if isinstance(part, Numbers) else part.nbytes
        return found

    def numbers(self, name: str) -> Numbers | None:
        """A column of `NUMBERS`; None where no record has one."""
        if name not in self._found:
            return None
        return self._once(name, lambda: self._numbers(name))

    def _numbers(self, name: str) -> Numbers:
        found, marks = self._unpacked_column(name), self._found.get(name + "?")
        if marks is None:
            return Numbers(found, None)
        bits = np.frombuffer(decompress(marks, (self.count + 7) // 8), np.uint8)
        _expect(len(bits) == (self.count + 7) // 8)
        return Numbers(found, np.unpackbits(bits, count=self.count).astype(np.bool_))

    def _column(self, name: str) -> Column:
        return msgspec.convert(self._found[name], Column)

    def _unpacked_column(self, name: str) -> Array:
        found = unpack(self._column(name))
        _expect(found.shape == (self.count,))
        return found

    def _once(self, name: str, make: Callable[[], Value]) -> Value:
        found: Value | None = self._unpacked.get(name)
        if found is None:
            with decoding(self._block):
                found = self._unpacked[name] = make()
        return found


def _sealed_with_sum(content: bytes) -> bytes:
    return _SUM + zlib.crc32(content).to_bytes(4, "little") + content


def _checked(payload: bytes) -> bytes:
    """The columns that a payload holds. Those of the first stores have no checksum."""
    if payload[:1] != _SUM:
        return payload
    content = payload[5:]
    _expect(zlib.crc32(content) == int.from_bytes(payload[1:5], "little"))
    return content


_SUM = b"\xc1"
"""What begins a payload with a checksum: msgpack never begins so."""


def _expect(sound: bool) -> None:
    if not sound:
        raise ValueError("they are not what was written")


class Body(NamedTuple):
    """What of a record is neither in a column, nor in its kind, nor in its text."""

    fields: dict[str, Any]
    extra: dict[str, Any]
    agent: str
    repeats: int
    raw_bytes: bytes


def pack_body(fields: bytes, extra: bytes, agent: str, repeats: int, raw_bytes: bytes) -> bytes:
    """Nothing where all of it is empty, as in most lines; `fields` and `extra` are msgpack already."""
    found: dict[str, Any] = {}
    if len(fields) > 1:
        found["f"] = msgspec.Raw(fields)
    if len(extra) > 1:
        found["x"] = msgspec.Raw(extra)
    if agent:
        found["a"] = agent
    if repeats != 1:
        found["n"] = repeats
    if raw_bytes:
        found["b"] = raw_bytes
    return _ENCODER.encode(found) if found else b""


def unpack_body(body: bytes) -> Body:
    if not body:
        return Body({}, {}, "", 1, b"")
    found = values.decode(body)
    return Body(found.get("f", {}), found.get("x", {}), found.get("a", ""), found.get("n", 1), found.get("b", b""))


_ENCODER = msgspec.msgpack.Encoder()


def rows_of(first_id: int, kinds: Array, columns: Columns, slices: Sequence[Slice]) -> Rows:
    """The records of a block as lists again: to merge it, or to take some out."""
    rows = Rows()
    rows.id = columns.ids(first_id).tolist()
    rows.kind = kinds[columns.kind].tolist()
    rows.time_us = columns.time.tolist()
    for name in NUMBERS:
        setattr(rows, name, optional(columns.numbers(name), columns.count))
    texts = [(*some.parts(at), some.body(at)) for some in slices for at in range(some.count)]
    rows.message, rows.fields, rows.raw, rows.body = (
        list(part) for part in zip(*(texts[place] for place in columns.place.tolist()), strict=True)
    )
    rows.size = rows.weigh()
    return rows


def optional(numbers: Numbers | None, count: int) -> list[int | None]:
    """A column of numbers as a list, None where there is none."""
    if numbers is None:
        return [None] * count
    found: list[int | None] = numbers.values.tolist()
    if numbers.present is None:
        return found
    return [value if there else None for value, there in zip(found, numbers.present.tolist(), strict=True)]


def slice_of(payload: bytes, columns: Columns, number: int) -> Slice:
    begin, count = _edges(columns, number)
    found = Slice(payload, begin, count)
    found.check()
    return found


def lost_slice(columns: Columns, number: int) -> Slice:
    """What is there instead of a slice that cannot be read: its records still have kinds, times and numbers."""
    begin, count = _edges(columns, number)
    return Slice(_slice([[LOST] * count, [""] * count, [""] * count, [b""] * count], slice(None)), begin, count)


def _edges(columns: Columns, number: int) -> tuple[int, int]:
    """Where a slice begins, and how many records it has."""
    edges = [*columns.bounds, columns.count]
    return edges[number], edges[number + 1] - edges[number]
