"""Where blocks are written, merged and taken away.

A commit's records become a small block at the end, so that they can be read at once. Small blocks are merged as in a
binary counter, the shorter into the one before it, and when the end has the records of a full block it is sealed:
packed for good, with the set of what its texts contain. Who seals it does not matter, the result is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import apsw
import numpy as np

from cornerman.core.logs.text import folded

from .block import NUMBERS, SLICES, Columns, Rows, packed, rows_of, slice_of
from .grams import gram_set


@dataclass
class Tail:
    """The blocks that are not sealed: their ids, and their records as lists, so that merging need not read them."""

    blocks: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)


def tail_of(connection: apsw.Connection, known: Tail | None) -> Tail:
    """The unsealed blocks; `known`, if they are still those."""
    found = connection.execute("select id, count from block where not sealed order by first_id").fetchall()
    if known is not None and known.blocks == [id for id, _ in found]:
        return known
    tail = Tail([id for id, _ in found], [count for _, count in found])
    for id in tail.blocks:
        tail.rows.extend(read_rows(connection, id))
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


def write_block(connection: apsw.Connection, rows: Rows, *, sealed: bool) -> int:
    """A new block; its id."""
    block = packed(rows)
    grams = grams_of(rows) if sealed else b""
    connection.execute(
        "insert into block (first_id, last_id, count, min_us, max_us, sealed, bytes, kinds, counts, ranges)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            block.first_id, block.last_id, block.count, block.min_us, block.max_us, int(sealed),
            block.bytes + len(grams), block.kinds, block.counts, block.ranges,
        ),
    )  # fmt: skip
    id = connection.last_insert_rowid()
    connection.execute("insert into block_columns values (?, ?)", (id, block.columns))
    connection.executemany(
        "insert into block_text values (?, ?)",
        [(id * SLICES + number, payload) for number, payload in enumerate(block.slices)],
    )
    if sealed:
        connection.execute("insert into block_grams values (?, ?)", (id, grams))
    return id


def read_rows(connection: apsw.Connection, id: int) -> Rows:
    """The records of a block."""
    first_id, count, kinds, payload = connection.execute(
        "select first_id, count, kinds, payload from block join block_columns on block = id where id = ?", (id,)
    ).fetchall()[0]
    numbers = np.frombuffer(kinds, "<u4")
    columns = Columns(payload, count, len(numbers))
    found = connection.execute(
        "select payload from block_text where id >= ? and id < ? order by id", (id * SLICES, (id + 1) * SLICES)
    )
    slices = [slice_of(text, columns, number) for number, (text,) in enumerate(found)]
    return rows_of(first_id, numbers, columns, slices)


def _remove(connection: apsw.Connection, ids: list[int]) -> None:
    for id in ids:
        remove_block(connection, id)


def remove_block(connection: apsw.Connection, id: int) -> None:
    connection.execute("delete from block_columns where block = ?", (id,))
    connection.execute("delete from block_text where id >= ? and id < ?", (id * SLICES, (id + 1) * SLICES))
    connection.execute("delete from block_grams where block = ?", (id,))
    connection.execute("delete from block where id = ?", (id,))


def grams_of(rows: Rows) -> bytes:
    text = "\n".join([part for three in zip(rows.message, rows.fields, rows.raw, strict=True) for part in three])
    numbers = [
        (place, np.unique(np.array([value for value in getattr(rows, name) if value is not None], np.int64)))
        for place, name in enumerate(NUMBERS)
    ]
    return gram_set(folded(text).encode(), numbers)
