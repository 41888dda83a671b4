"""Small chunks are merged as they come: eight at the end of a stream that fit into one become one.

Where a segment holds few rows (a megabyte of picture beside each, huge infos) chunks are small, and thousands of them
cost a reader thousands of look-ups. Whoever seals merges afterwards, never the thread that trains; a killed merge
leaves the small ones, and the next one takes them.

What may be merged is decided by who else counts in chunks. A relay's cursor is a row where a chunk begins, so no merge
reaches across one: what was carried is not carried again, and what was not goes out merged. Rows, their bytes, counts
and the episodes stay as they are; only the chunks' borders go, and their numbers are not used again, so a reader that
held one finds it gone and looks anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw
import numpy as np

from cornerman.core.columns import pack, pack_objects, unpack, unpack_objects
from cornerman.core.episodes import extremes
from cornerman.core.payloads import chunk_v1, read
from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import LOG_CHUNKS_MERGED

from .chunk_rows import Columns, content_columns, insert_chunk
from .connection import snapshot, transaction
from .pack import CHUNK_BYTES

FEWEST = 8
"""Each row is packed anew once for every seven chunks that come until its chunk is full."""
_PAYLOAD = "select payload from chunk_payload where chunk = ?"
_DELTA = frozenset({"time", "frame"})


class _Small(NamedTuple):
    """A chunk's row in the store."""

    id: int
    first_row: int
    rows: int
    first_t: int
    steps: int
    transitions: int
    first_episode: int
    episodes: int
    reward_sum: float
    reward_min: float | None
    reward_max: float | None
    reward_numbers: int | None
    first_us: int
    last_us: int
    segment: int
    generation: int
    bytes: int
    step_schema: int | None
    bad: int | None

    def leads_to(self, other: _Small) -> bool:
        """Whether the other one follows without a gap, judged by the same schema."""
        return (
            self.first_row + self.rows == other.first_row
            and self.first_t + self.steps == other.first_t
            and self.first_episode + self.episodes == other.first_episode
            and self.step_schema == other.step_schema
        )


def merge_newest(connection: apsw.Connection, stream: int, height: int) -> None:
    """Merge the chunks at a stream's end that fit into one of `height` rows, where there are many.

    Raises apsw's errors, with nothing changed.
    """
    with snapshot(connection):
        group = next(_groups(connection, stream, height, most=256), [])
        chunks = _alike(connection, group) if len(group) >= FEWEST else []
    if len(chunks) >= FEWEST:
        _replace(connection, stream, group[-len(chunks) :], _merged(chunks))


def merge_all(connection: apsw.Connection, stream: int, height: int) -> None:
    """The same for the whole of a stream that has ended: there two are enough."""
    with snapshot(connection):
        groups = [group for group in _groups(connection, stream, height) if len(group) > 1]
    for group in groups:
        while len(group) > 1:
            with snapshot(connection):
                chunks = _alike(connection, group)
            if len(chunks) > 1:
                _replace(connection, stream, group[-len(chunks) :], _merged(chunks))
            group = group[: -max(len(chunks), 1)]


def _groups(connection: apsw.Connection, stream: int, height: int, most: int = -1) -> Iterator[list[_Small]]:
    """The chunks of a stream as they fit into one and lie on the same side of every cursor, the newest first."""
    found: list[Any] = connection.execute(
        f"select {', '.join(_Small._fields)} from chunk where stream = ? order by first_row desc limit ?",
        (stream, most),
    ).fetchall()
    cursors = _cursors(connection, stream)
    group: list[_Small] = []
    for small in map(_Small._make, found):
        if group and not _fits(small, group, cursors, height):
            yield group
            group = []
        group.insert(0, small)
    if group:
        yield group


def _fits(small: _Small, group: list[_Small], cursors: set[int], height: int) -> bool:
    """Whether a chunk may be merged with those that follow it."""
    rows, size = (small.rows + sum(c.rows for c in group), small.bytes + sum(c.bytes for c in group))
    return rows <= height and size <= CHUNK_BYTES and group[0].first_row not in cursors and small.leads_to(group[0])


def _cursors(connection: apsw.Connection, stream: int) -> set[int]:
    """The rows up to which relays have carried the stream."""
    found: list[Any] = connection.execute("select rows from relay where stream = ?", (stream,)).fetchall()
    return {int(row) for (row,) in found}


def _alike(connection: apsw.Connection, group: list[_Small]) -> list[chunk_v1.ChunkV1]:
    """The newest chunks of a group that have the same columns."""
    found: list[chunk_v1.ChunkV1] = []
    for small in reversed(group):
        rows: list[Any] = connection.execute(_PAYLOAD, (small.id,)).fetchall()
        if not rows:  # it was merged, or deleted, since it was listed
            break
        chunk: chunk_v1.ChunkV1 = read(rows[0][0], "chunk")
        if found and _form(chunk) != _form(found[-1]):
            break
        found.append(chunk)
    return found[::-1]


def _form(chunk: chunk_v1.ChunkV1) -> tuple[Any, ...]:
    columns = [(column.name, column.dtype, column.shape[1:]) for column in chunk.columns]
    return (
        chunk.version,
        chunk.schema,
        chunk.num_envs,
        chunk.observation,
        chunk.action,
        chunk.info,
        chunk.frames,
        columns,
    )


def _merged(chunks: list[chunk_v1.ChunkV1]) -> chunk_v1.ChunkV1:
    first = chunks[0]
    columns = [
        pack(parts[0].name, np.concatenate([unpack(part) for part in parts]), delta=parts[0].name in _DELTA)
        for parts in zip(*(chunk.columns for chunk in chunks), strict=True)
    ]
    extras = {
        row + chunk.first_row - first.first_row: data
        for chunk in chunks
        for row, data in unpack_objects(chunk.extras).items()
    }
    return chunk_v1.ChunkV1(
        first.version, first.schema, first.first_row, sum(chunk.rows for chunk in chunks), first.first_t,
        first.num_envs, first.observation, first.action, first.info, columns, pack_objects(extras),
        chunk_v1.pack_episodes(_episodes(chunks)), first.frames,
    )  # fmt: skip


def _episodes(chunks: list[chunk_v1.ChunkV1]) -> dict[str, np.ndarray[Any, Any]]:
    parts = [chunk_v1.unpack_episodes(chunk.episodes) for chunk in chunks]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _replace(connection: apsw.Connection, stream: int, group: list[_Small], chunk: chunk_v1.ChunkV1) -> None:
    """Put one chunk in the place of a group, in one transaction; nothing where the group is not what it was."""
    payload = chunk_v1.encode(chunk)
    ids = [small.id for small in group]
    among = f"in ({', '.join('?' * len(ids))})"
    with transaction(connection):
        there = connection.execute(f"select count(*) from chunk where id {among}", ids).fetchall()
        if there != [(len(ids),)] or _cursors(connection, stream) & {small.first_row for small in group[1:]}:
            return
        ((number,),) = connection.execute("select max(id) + 1 from chunk").fetchall()
        connection.execute(f"delete from chunk_payload where chunk {among}", ids)
        connection.execute(f"delete from chunk where id {among}", ids)
        insert_chunk(connection, {"id": number, "stream": stream, **_row(group, chunk, payload)}, payload)
        more = len(payload) - sum(small.bytes for small in group)
        connection.execute("update stream set bytes = bytes + ? where id = ?", (more, stream))
    log(LOG_CHUNKS_MERGED, stream=stream, chunks=len(group), rows=chunk.rows)


def _row(group: list[_Small], chunk: chunk_v1.ChunkV1, payload: bytes) -> Columns:
    """What the chunk's row says: sums, extremes, and of the journal the place of the first."""
    first = group[0]
    worst, best, longest = extremes(chunk_v1.unpack_episodes(chunk.episodes))
    return {
        "first_row": first.first_row, "rows": chunk.rows, "first_t": first.first_t,
        "steps": sum(small.steps for small in group), "transitions": sum(small.transitions for small in group),
        "first_episode": first.first_episode, "episodes": sum(small.episodes for small in group),
        "reward_sum": sum(small.reward_sum for small in group),
        "reward_min": min(_known(small.reward_min for small in group), default=None),
        "reward_max": max(_known(small.reward_max for small in group), default=None),
        "reward_numbers": _total([small.reward_numbers for small in group]),
        "first_us": first.first_us, "last_us": group[-1].last_us,
        "segment": first.segment, "generation": first.generation, "return_min": worst, "return_max": best,
        "length_max": longest, "step_schema": first.step_schema, "bad": _total([small.bad for small in group]),
        **content_columns(payload),
    }  # fmt: skip


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _total(counts: list[int | None]) -> int | None:
    """None where one is not known."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None
