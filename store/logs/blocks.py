"""Where blocks are written, merged and taken away.

A commit's records become a small block at the end, so that they can be read at once. Small blocks are merged as in a
binary counter, the shorter into the one before it, and when the end has the records of a full block it is sealed:
packed for good, with the set of what its texts contain. Who seals it does not matter, the result is the same.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import apsw
import numpy as np

from cornerman.core.errors import PayloadError

from .block import SLICES, BlockDamaged, Columns, Packed, Rows, Slice, decoding, lost_slice, packed, rows_of, slice_of
from .database import fetch
from .grams import Sets


@dataclass
class Tail:
    """The blocks that are not sealed: their ids, and their records as lists, so that merging need not read them."""

    blocks: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    left: frozenset[int] = frozenset()
    """Unsealed blocks that stay as they are: one that does not decode, and those before it."""


def tail_of(connection: apsw.Connection, known: Tail | None) -> Tail:
    """The unsealed blocks; `known`, if they are still those."""
    left = known.left if known is not None else frozenset()
    found = fetch(connection, "select id, count from block where not sealed order by first_id")
    found = [(id, count) for id, count in found if id not in left]
    if known is not None and known.blocks == [id for id, _ in found]:
        return known
    tail = Tail(left=left)
    for id, count in found:
        try:
            tail.rows.extend(read_rows(connection, id))
        except PayloadError:
            tail = Tail(left=tail.left.union(tail.blocks, [id]))
        else:
            tail.blocks.append(id)
            tail.counts.append(count)
    return tail


def append_rows(connection: apsw.Connection, tail: Tail, rows: Rows) -> None:
    """Records after all others: blocks that get full are sealed, the rest is the last, small one."""
    tail.rows.extend(rows)
    fresh = len(rows)
    while full := tail.rows.full_at():
        if tail.blocks:
            _remove(connection, tail.blocks)
            tail.blocks, tail.counts = [], []
        write_block(connection, tail.rows.take(full), sealed=True)
        fresh = len(tail.rows)
    if not fresh:
        return
    merged = []
    while tail.blocks and tail.counts[-1] <= fresh:
        merged.append(tail.blocks.pop())
        fresh += tail.counts.pop()
    _remove(connection, merged)
    tail.blocks.append(write_block(connection, tail.rows.last(fresh), sealed=False))
    tail.counts.append(fresh)


def append_block(connection: apsw.Connection, tail: Tail, block: Packed) -> None:
    """A sealed block after all others, as it is: what is not sealed yet becomes a short one before it."""
    if tail.blocks:
        _remove(connection, tail.blocks)
        write_block(connection, tail.rows, sealed=True)
        tail.blocks, tail.counts, tail.rows = [], [], Rows()
    insert_block(connection, block, sealed=True)


def write_block(connection: apsw.Connection, rows: Rows, *, sealed: bool) -> int:
    """A new block; its id."""
    return insert_block(connection, packed(rows, ordered_kinds(connection, rows), sealed=sealed), sealed=sealed)


def insert_block(connection: apsw.Connection, block: Packed, *, sealed: bool) -> int:
    connection.execute(
        "insert into block (first_id, last_id, count, min_us, max_us, sealed, bytes, kinds, counts, ranges)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            block.first_id, block.last_id, block.count, block.min_us, block.max_us, int(sealed), block.bytes,
            block.kinds, block.counts, block.ranges,
        ),
    )  # fmt: skip
    id = connection.last_insert_rowid()
    connection.execute("insert into block_columns values (?, ?)", (id, block.columns))
    connection.executemany(
        "insert into block_text values (?, ?)",
        [(id * SLICES + number, payload) for number, payload in enumerate(block.slices)],
    )
    if block.sets is not None:
        connection.execute("insert into block_grams values (?, ?, ?)", (id, *block.sets))
    return id


def ordered_kinds(connection: apsw.Connection, rows: Rows) -> np.ndarray[Any, Any]:
    """The kinds of some records, those of one level and component side by side."""
    found = connection.execute(
        "select id from kind where id in (select value from json_each(?))"
        " order by level, component, subcomponent, code, id",
        (json.dumps(list(set(rows.kind))),),
    )
    return np.array([id for (id,) in found], np.uint32)


def read_rows(connection: apsw.Connection, id: int, *, partly: bool = False) -> Rows:
    """The records of a block; BlockDamaged where one of them cannot be read, or `partly` only where none can."""
    with decoding(id):
        block = read_block(connection, id)
        return unpacked(block, np.frombuffer(block.kinds, "<u4"), id, partly=partly)


def unpacked(block: Packed, kinds: np.ndarray[Any, Any], id: int = 0, *, partly: bool = False) -> Rows:
    """The records of a block, of these kinds: its own, or what they are called elsewhere."""
    columns, slices = Columns(block.columns, block.count, len(kinds), id), []
    for number in range(len(columns.bounds)):
        try:
            with decoding(id):
                slices.append(slice_of(block.slices[number], columns, number))
        except BlockDamaged:
            if not partly:
                raise
            slices.append(lost_slice(columns, number))
    with decoding(id):
        return rows_of(block.first_id, kinds, columns, slices)


def read_block(connection: apsw.Connection, id: int) -> Packed:
    """A block as its tables have it; nothing in the place of a slice that is not there."""
    row = fetch(connection, _READ, (id,))[0]
    first_id, last_id, count, min_us, max_us, kinds, counts, ranges, columns, words, sets = row
    texts = "select id - ?1, payload from block_text where id >= ?1 and id < ?2 order by id"
    found = dict(fetch(connection, texts, (id * SLICES, (id + 1) * SLICES)))
    slices = [found.get(number, b"") for number in range(max(found, default=-1) + 1)]
    grams = None if words is None else Sets(words, sets)
    return Packed(first_id, last_id, count, min_us, max_us, kinds, counts, ranges, columns, slices, grams)


_READ = (
    "select first_id, last_id, count, min_us, max_us, b.kinds, counts, ranges, payload, words, slices from block b"
    " join block_columns c on c.block = b.id left join block_grams g on g.block = b.id where b.id = ?"
)


def read_columns(connection: apsw.Connection, id: int, count: int, kinds: int) -> Columns:
    """The columns of a block; BlockDamaged where they cannot be read."""
    with decoding(id):
        payload = fetch(connection, "select payload from block_columns where block = ?", (id,))
        return Columns(payload[0][0], count, kinds, id)


def read_slice(connection: apsw.Connection, id: int, columns: Columns, number: int) -> Slice:
    """A slice of a block; BlockDamaged where it cannot be read."""
    with decoding(id):
        payload = fetch(connection, "select payload from block_text where id = ?", (id * SLICES + number,))
        return slice_of(payload[0][0], columns, number)


def _remove(connection: apsw.Connection, ids: list[int]) -> None:
    for id in ids:
        remove_block(connection, id)


def remove_block(connection: apsw.Connection, id: int) -> None:
    connection.execute("delete from block_columns where block = ?", (id,))
    connection.execute("delete from block_text where id >= ? and id < ?", (id * SLICES, (id + 1) * SLICES))
    connection.execute("delete from block_grams where block = ?", (id,))
    connection.execute("delete from block where id = ?", (id,))
