"""Sealing: what a segment holds becomes chunks, counted and committed exactly once.

The transaction is short: chunks, frames, stream totals and ledger together, or nothing. Exactly once: the stream's
high-water mark (`rows`, `sequence`) moves in the same transaction, and what lies below it is never inserted again. So
it does not matter who seals (the sealer, the training process, a recovery), nor how often, nor where it is killed.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import msgspec

from cornerman.core.episodes import Open
from cornerman.core.errors import StoreError
from cornerman.core.layout import Layout
from cornerman.core.setting_keys import KEYS
from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import LOG_CHUNK_SEALED

from .chunk_rows import chunk_columns, frame_columns, insert_chunk, insert_frames
from .connection import snapshot, transaction
from .normalization import keep as keep_statistics
from .normalization import noted
from .pack import Packed, chunk_height, pack_segment, received_in
from .segments import SAMPLED, Segment
from .spaces import keep as keep_spaces


class StreamIdentity(NamedTuple):
    """The rows that a run and a stream have in the store, as the journal's `.stream` file keeps them."""

    run: dict[str, Any]
    stream: dict[str, Any]

    @property
    def stream_id(self) -> int:
        return int(self.stream["id"])

    @property
    def width(self) -> int:
        """Sub-environments, 1 for a single environment."""
        return max(int(self.stream["num_envs"]), 1)

    def encode(self) -> bytes:
        return msgspec.msgpack.encode({"run": self.run, "stream": self.stream})

    @classmethod
    def decode(cls, data: bytes) -> StreamIdentity:
        content = msgspec.msgpack.decode(data)
        return cls(content["run"], content["stream"])


def notes_path(folder: Path, stream: int) -> Path:
    return folder / f"{stream}.notes"


class Sealed(NamedTuple):
    """What became of a segment: how many records were not in the store before, and what is open after them."""

    records: int
    after: Open


def seal_segment(
    connection: apsw.Connection, identity: StreamIdentity, segment: Segment, known: Open | None = None
) -> Sealed:
    """Bring what of a segment lies beyond the stream's high-water mark into the store, in one transaction.

    `known` are the episodes that were open before it, where the caller has sealed the segment before: they matter only
    when the store was deleted meanwhile. Raises Deleted, StoreError or apsw's errors, with nothing written.
    """
    from .step_judge import judge_of  # with all that is known of schemas: who only records does without

    mode = identity.stream["autoreset"]
    count = segment.count()
    if count < (segment.full or 0):
        raise StoreError(f"{segment.path} holds {count} of its {segment.full} records.", "It stays in the journal.")
    with snapshot(connection):
        mark = mark_of(connection, identity.stream_id)
        judge = judge_of(connection, identity.run, identity.stream)
    before = mark.open if mark else known or Open.new(identity.width)
    start = max(0, mark.rows - segment.first_row) if mark else 0
    _, transitions, _ = received_in(segment, count, mode, before.done)
    chunks: list[Packed] = []
    if start < count:
        height = height_of(identity, segment.layout)
        envs = tuple(identity.stream.get("frame_envs", ()))
        chunks = pack_segment(segment, start, count, mode, before, envs, height, judge)
    received = segment.received + transitions + segment.dropped[0]
    commit(connection, identity, segment, count, chunks, received, before, judge.note if judge else "")
    log(LOG_CHUNK_SEALED, records=count - start)
    return Sealed(max(0, count - start), (chunks[-1].after if chunks else None) or before)


def height_of(identity: StreamIdentity, layout: Layout) -> int:
    """Rows of a chunk of this stream's."""
    return chunk_height(layout, identity.stream.get("rows_per_chunk", KEYS["storage.rows_per_chunk"].default))


class Deleted(Exception):
    """The run was deleted: what comes after it is not stored."""


class Mark(NamedTuple):
    """How far a stream is sealed."""

    rows: int
    t: int
    sequence: int
    frames: int
    episodes: int
    open: Open


def mark_of(connection: apsw.Connection, stream: int) -> Mark | None:
    """The high-water mark of a stream, None where the store does not know it; Deleted where its run was deleted."""
    found: list[Any] = connection.execute(
        "select s.rows, s.t, s.sequence, s.frames, s.episodes, s.open, r.deleted_us"
        " from stream s join run r on r.id = s.run where s.id = ?",
        (stream,),
    ).fetchall()
    if not found:
        return None
    rows, t, sequence, frames, episodes, state, deleted = found[0]
    if deleted is not None:
        raise Deleted
    return Mark(rows, t, sequence, frames, episodes, Open.decode(state))


def introduce(connection: apsw.Connection, identity: StreamIdentity, first: Mark | None = None) -> None:
    """Insert the run and the stream where the store does not have them; inside the caller's transaction."""
    run, stream = identity
    connection.execute(
        "insert into run (run_id, job, session, created_us, provenance) values (?, ?, ?, ?, ?) on conflict do nothing",
        (run["run_id"], run["job"], run["session"], run["created_us"], run["provenance"]),
    )
    ((number, deleted),) = connection.execute(
        "select id, deleted_us from run where run_id = ?", (run["run_id"],)
    ).fetchall()
    if deleted is not None:
        raise Deleted
    mark = first or Mark(0, 0, 0, 0, 0, Open.new(max(stream["num_envs"], 1)))
    connection.execute(
        "insert into stream (id, run, name, manifest, num_envs, autoreset, process, schema, created_us,"
        " rows, t, sequence, frames, episodes, open, last_us) values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
        " on conflict do nothing",
        (
            stream["id"], number, stream["name"], stream["manifest"], stream["num_envs"], stream["autoreset"],
            stream["process"], stream["schema"], stream["created_us"],
            mark.rows, mark.t, mark.sequence, mark.frames, mark.episodes, mark.open.encode(), stream["created_us"],
        ),
    )  # fmt: skip
    keep_spaces(connection, stream)


def commit(
    connection: apsw.Connection,
    identity: StreamIdentity,
    segment: Segment,
    records: int,
    chunks: list[Packed],
    received: int,
    before: Open,
    note: str = "",
) -> None:
    """Commit a segment's `records` records as chunks, the drops after them and, where it is closed, the stream's end.

    What was committed before is not written again. Raises Deleted, or apsw's errors, with nothing written.
    `received` is the recorder's own count of transitions up to the end of the segment, drops included; `before` are
    the episodes that were open at its beginning. The judgement of its schema is kept with the chunks, or neither is.
    """
    stream = identity.stream_id
    notes = [*_notes(segment.path.parent, stream), *[note] * bool(note)]
    statistics = noted(segment.path.parent, stream)
    end = segment.first_sequence + records + segment.dropped_records
    with transaction(connection):
        mark = mark_of(connection, stream)
        if mark is None:
            mark = _reintroduce(connection, identity, segment, before)
        if chunks and chunks[0].first_row >= mark.rows:
            if not mark.rows:  # the manifest has grown since the stream was introduced: its frames are chosen by now
                connection.execute("update stream set manifest = ? where id = ?", (identity.stream["manifest"], stream))
            _insert_chunks(connection, identity, mark, segment, chunks)
        if end > mark.sequence:
            dropped, dropped_steps, cause = segment.dropped
            connection.execute("update stream set sequence = ?, t = t + ? where id = ?", (end, dropped_steps, stream))
            _count(connection, stream, "received", received, absolute=True)
            if dropped:
                _count(connection, stream, cause, dropped)
        if segment.closed:
            end_stream(connection, stream)
        if notes:
            _note(connection, stream, notes)
        if statistics:
            keep_statistics(connection, stream, statistics)


def _notes(folder: Path, stream: int) -> list[str]:
    """What the recorder noted so far; the file is replaced whole, so it is there or not."""
    try:
        found: list[str] = json.loads(notes_path(folder, stream).read_bytes())
    except (OSError, ValueError):
        return []
    return found


def end_stream(connection: apsw.Connection, stream: int) -> None:
    """Say that a stream ended cleanly, and when."""
    now = time.time_ns() // 1000
    connection.execute("update stream set ended_us = coalesce(ended_us, ?) where id = ?", (now, stream))


def _reintroduce(connection: apsw.Connection, identity: StreamIdentity, segment: Segment, before: Open) -> Mark:
    """The store does not know the stream: it was locked when the stream began, or has been deleted since."""
    mark = Mark(segment.first_row, segment.first_t, segment.first_sequence, 0, 0, before)
    introduce(connection, identity, mark)
    if segment.first_row:
        _count(connection, identity.stream_id, "store deleted", segment.received)
    return mark


def _insert_chunks(
    connection: apsw.Connection, identity: StreamIdentity, mark: Mark, segment: Segment, chunks: list[Packed]
) -> None:
    """Insert consecutive chunks with what their schema said, and move totals and high-water mark past them."""
    from .judgements import keep, schema_number

    stream, judgement = identity.stream_id, chunks[-1].judgement
    schema = None if judgement is None else schema_number(connection, judgement)
    frames, size, episodes = mark.frames, 0, mark.episodes
    for chunk in chunks:
        columns = chunk_columns(stream, episodes, chunk, segment.number, segment.generation)
        insert_chunk(connection, {**columns, "step_schema": schema, "bad": chunk.bad}, chunk.payload)
        episodes += chunk.episodes
        size += len(chunk.payload)
        if chunk.frames:
            first, count, payload = chunk.frames
            insert_frames(connection, frame_columns(stream, first, count, payload), payload)
            frames, size = first + count, size + len(payload)
    if sampled := sum(chunk.sampled for chunk in chunks):
        _count(connection, stream, SAMPLED, sampled)
    last = chunks[-1]
    assert last.after is not None
    connection.execute(
        "update stream set rows = ?, t = ?, transitions = transitions + ?, episodes = ?, reward_sum = reward_sum + ?,"
        " frames = ?, bytes = bytes + ?, last_us = ?, open = ? where id = ?",
        (
            last.first_row + last.rows, last.first_t + last.steps, sum(chunk.transitions for chunk in chunks), episodes,
            sum(chunk.rewards.total for chunk in chunks), frames, size, last.times[1], last.after.encode(), stream,
        ),
    )  # fmt: skip
    if judgement is None or schema is None:
        return
    if judgement.refused:
        _count(connection, stream, "quarantined", len(judgement.refused))
    keep(connection, identity.run["run_id"], stream, identity.stream["name"], schema, judgement)


def _count(connection: apsw.Connection, stream: int, cause: str, transitions: int, absolute: bool = False) -> None:
    """Note transitions under a cause; `received` is the recorder's own running count, and replaces the one before."""
    now = time.time_ns() // 1000
    change = "max(transitions, excluded.transitions)" if absolute else "transitions + excluded.transitions"
    connection.execute(
        "insert into ledger values (?, ?, ?, ?, ?) on conflict do update"
        f" set transitions = {change}, last_us = excluded.last_us",
        (stream, cause, transitions, now, now),
    )


def _note(connection: apsw.Connection, stream: int, notes: list[str]) -> None:
    rows: list[Any] = connection.execute("select notes from stream where id = ?", (stream,)).fetchall()
    known = rows[0][0]
    merged = json.dumps(list(dict.fromkeys([*json.loads(known), *notes]))[:50])
    if merged != known:
        connection.execute("update stream set notes = ? where id = ?", (merged, stream))
