"""From the records of a segment to a chunk: packed, counted and committed exactly once.

The packing needs no lock and lets go of the interpreter while it compresses. The transaction is short: chunk, frames,
stream totals and ledger together, or nothing. Exactly once: the stream's high-water mark (`rows`, `sequence`) moves in
the same transaction, and what lies below it is never inserted again. A kill between commit and reset changes nothing.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from typing import Any, NamedTuple

import apsw
import msgspec
import numpy as np

from cornerman.core import values
from cornerman.core.columns import Column, pack, pack_objects
from cornerman.core.episodes import Advanced, AutoresetMode, Open, Rows, advance
from cornerman.core.layout import EXTRAS, GAP, RESET, TERMINATED, TRUNCATED, Layout
from cornerman.core.payloads import chunk_v1, frame_chunk_v1

from .connection import transaction
from .segments import Segment

Array = np.ndarray[Any, Any]


CHUNK_BYTES = 6 << 20


class Packed(NamedTuple):
    """A chunk ready to be committed, and what is open after it."""

    first_row: int
    rows: int
    first_t: int
    steps: int
    transitions: int
    episodes: int
    rewards: tuple[float, float | None, float | None]
    times: tuple[int, int]
    payload: bytes
    frames: tuple[int, int, bytes] | None
    """Number of the first, how many, and the payload of their frame chunk."""
    after: Open | None = None
    """What is open after the last chunk of a segment; None for the ones before it."""


def chunk_height(layout: Layout, most: int) -> int:
    """Rows of a chunk: `most`, fewer where they are wide, so that a chunk stays near six megabytes before packing."""
    return max(16, min(most, CHUNK_BYTES // layout.row_bytes))


def pack_segment(
    segment: Segment, start: int, stop: int, mode: AutoresetMode, before: Open, envs: tuple[int, ...], height: int
) -> list[Packed]:
    """The records [start, stop) of a segment as chunks of `height` rows, given the episodes that were open before.

    A segment holds several chunks: what costs the same for few rows and for many (following the episodes, the
    transaction) is done once, and a reader of one episode still decompresses little.
    """
    layout = segment.layout
    heads = segment.heads()[start:stop]
    flags = heads["flags"].astype(np.uint8)
    extras, frames = _extras(segment, heads, flags)
    rows = episode_rows(segment, start, stop, mode, heads, flags, extras)
    advanced = advance(rows, before)
    columns = _Columns(segment, start, stop, heads, flags, rows, advanced)
    chunks = []
    t = rows.first_t
    for first in range(0, stop - start, height):
        part = slice(first, min(first + height, stop - start))
        steps = int(np.count_nonzero(rows.step[part]))
        ended = _ended_in(advanced.episodes, rows.first_row + part.start if first else 0, rows.first_row + part.stop)
        chunk = chunk_v1.ChunkV1(
            chunk_v1.VERSION, chunk_v1.SCHEMA, rows.first_row + part.start, part.stop - part.start, t, layout.num_envs,
            layout.observation, layout.action, layout.info, columns.packed(part),
            pack_objects({row - part.start: data for row, data in extras.items() if part.start <= row < part.stop}),
            chunk_v1.pack_episodes(ended), envs if layout.frames else (),
        )  # fmt: skip
        drawn = [frame for frame in frames if part.start <= frame[0] < part.stop]
        chunks.append(Packed(
            chunk.first_row, chunk.rows, t, steps, int(np.count_nonzero(advanced.transition[part])),
            len(ended["ended"]), _reward_statistics(rows.reward[part], advanced.transition[part]),
            (int(rows.time_us[part.start]), int(rows.time_us[part.stop - 1])), chunk_v1.encode(chunk),
            _frame_chunk(drawn),
        ))  # fmt: skip
        t += steps
    return [*chunks[:-1], chunks[-1]._replace(after=advanced.after)]


def _ended_in(episodes: dict[str, Array], first: int, stop: int) -> dict[str, Array]:
    """The episodes that are stored with the rows [first, stop): those whose last row is there.

    An episode may end (by a reset) in a later segment than its last row: it belongs to the first chunk of that one.
    """
    last = episodes["last_row"]
    if not last.size or (last[0] >= first and last[-1] < stop):
        return episodes
    found = slice(int(np.searchsorted(last, first)), int(np.searchsorted(last, stop)))
    return {name: values[found] for name, values in episodes.items()}


def _frame_chunk(frames: list[tuple[int, int, bytes]]) -> tuple[int, int, bytes] | None:
    if not frames:
        return None
    first = frames[0][1]
    return first, len(frames), frame_chunk_v1.encode(first, [payload for _, _, payload in frames])


def episode_rows(
    segment: Segment, start: int, stop: int, mode: AutoresetMode, heads: Array, flags: Array, extras: dict[int, bytes]
) -> Rows:
    """What `core.episodes.advance` needs of the records [start, stop)."""
    before = segment.heads()["flags"][:start]
    first_t = segment.first_t + int(np.count_nonzero((before & RESET) == 0))
    step = (flags & RESET) == 0
    reward, terminated, truncated = _outcomes(segment, start, stop, heads, flags)
    masks: dict[int, Array] = {}
    seeds: dict[int, list[int | None]] = {}
    width = max(segment.layout.num_envs, 1)
    for row in np.flatnonzero(~step & (flags & EXTRAS > 0)).tolist():
        extra = values.decode(extras[row]) if row in extras else {}
        if "mask" in extra:
            masks[row] = np.asarray(extra["mask"], np.bool_)
        if "seed" in extra:
            seeds[row] = spread_seed(extra["seed"], width)
    time_us = np.rint(heads["time"] * 1e6).astype(np.int64)
    gap = None
    if start == 0 and int(heads["flags"][0]) & GAP:
        gap = np.asarray(values.decode(extras[0])["done"], np.bool_)
    return Rows(
        segment.first_row + start, first_t, mode, step, time_us, reward, terminated, truncated, masks, seeds, gap
    )


def received_in(segment: Segment, records: int, mode: str, done_before: Array) -> tuple[int, int, Array]:
    """Calls of step and transitions among a segment's first records, and which sub-environments were done after them.

    The recorder's own count: it looks at what was received, not at what became of it.
    """
    width = max(segment.layout.num_envs, 1)
    step = (segment.heads()["flags"][:records] & RESET) == 0
    steps = int(np.count_nonzero(step))
    if mode != "NextStep" or not records:
        return steps, steps * width, done_before
    if int(segment.heads()["flags"][0]) & GAP:
        extras = segment.extras()[segment.first_sequence]
        done_before = np.asarray(values.decode(bytes(extras))["done"], np.bool_)
    done = column_of(segment, "terminated", 0, records) | column_of(segment, "truncated", 0, records)
    done = np.concatenate((done_before[None], done & step[:, None]))
    return steps, steps * width - int(np.count_nonzero(done[:-1] & step[:, None])), done[-1]


def spread_seed(seed: Any, width: int) -> list[int | None]:
    """The seed of each sub-environment: an integer means seed, seed + 1, … as Gymnasium's vector environments do."""
    if isinstance(seed, (int, np.integer)):
        return [int(seed) + index for index in range(width)]
    given = (
        [None if item is None else int(item) for item in seed] if isinstance(seed, (list, tuple, np.ndarray)) else []
    )
    return (given + [None] * width)[:width]


def _outcomes(segment: Segment, start: int, stop: int, heads: Array, flags: Array) -> tuple[Array, Array, Array]:
    """Rewards and ends as (rows, envs)."""
    if not segment.layout.num_envs:
        reward = heads["reward"].astype(np.float64).reshape(-1, 1)
        return reward, (flags & TERMINATED > 0)[:, None], (flags & TRUNCATED > 0)[:, None]
    names = ("reward", "terminated", "truncated")
    columns = [column_of(segment, name, start, stop) for name in names]
    return columns[0].astype(np.float64), columns[1].astype(np.bool_), columns[2].astype(np.bool_)


def column_of(segment: Segment, name: str, start: int, stop: int) -> Array:
    """The values of one column of the layout, in its own dtype."""
    leaf = next(leaf for leaf in segment.layout.leaves if leaf.column == name)
    if leaf.in_lane:
        return segment.lane(name)[start:stop]
    found: Array = segment.heads()[name][start:stop]
    return found.astype(leaf.type) if leaf.scalar else found


class _Columns:
    """The columns of a segment's records, taken out of it once and packed chunk by chunk."""

    def __init__(
        self, segment: Segment, start: int, stop: int, heads: Array, flags: Array, rows: Rows, advanced: Advanced
    ) -> None:
        layout = segment.layout
        found = {leaf.column: column_of(segment, leaf.column, start, stop) for leaf in layout.leaves}
        if not layout.num_envs and not rows.step.all():
            # a reset has no reward: the one beside it stands in its place, so that equal rewards stay one constant
            some = rows.reward[np.argmax(rows.step), 0]
            found["reward"] = np.where(rows.step, rows.reward[:, 0], some)
        self._plain = {"flags": flags, **found}
        if layout.num_envs:
            self._plain["reset"] = advanced.reset
        self._time = rows.time_us
        self._frame = heads["frame"] if layout.frames else None

    def packed(self, part: slice) -> list[Column]:
        columns = [pack("time", self._time[part], delta=True)]
        columns += [pack(name, values[part]) for name, values in self._plain.items()]
        if self._frame is not None:
            columns.append(pack("frame", self._frame[part], delta=True))
        return columns


def _extras(segment: Segment, heads: Array, flags: Array) -> tuple[dict[int, bytes], list[tuple[int, int, bytes]]]:
    """The extras by row offset, without the frames; and the frames as (row offset, number, payload)."""
    extras: dict[int, bytes] = {}
    frames: list[tuple[int, int, bytes]] = []
    marked = np.flatnonzero(flags & EXTRAS).tolist()
    if not marked:
        return extras, frames
    entries = segment.extras()
    for row in marked:
        entry = entries.get(int(heads["sequence"][row]))
        if entry is None:
            continue
        data = bytes(entry)
        if b"\xa6frames" in data[:16]:  # the first key, where there are any
            content = values.decode(data)
            if isinstance(content, dict) and "frames" in content:
                frames += [(row, number, payload) for number, payload in content.pop("frames")]
                data = values.encode(content) if content else b""
        if data:
            extras[row] = data
    return extras, frames


def _reward_statistics(reward: Array, transition: Array) -> tuple[float, float | None, float | None]:
    """Sum, least and greatest reward of the transitions; NaN counts as no value, as NULL does in SQL."""
    taken = reward[transition]
    if not taken.size:
        return 0.0, None, None
    least, greatest, total = float(taken.min()), float(taken.max()), float(taken.sum())
    if math.isnan(total):
        taken = taken[~np.isnan(taken)]
        if not taken.size:
            return 0.0, None, None
        least, greatest, total = float(taken.min()), float(taken.max()), float(taken.sum())
    return (0.0 if math.isnan(total) else total), least, greatest


class StreamIdentity(NamedTuple):
    """The rows that a run and a stream have in the store, as the journal's `.stream` file keeps them."""

    run: dict[str, Any]
    stream: dict[str, Any]

    def encode(self) -> bytes:
        return msgspec.msgpack.encode({"run": self.run, "stream": self.stream})

    @classmethod
    def decode(cls, data: bytes) -> StreamIdentity:
        content = msgspec.msgpack.decode(data)
        return cls(content["run"], content["stream"])


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


def commit(
    connection: apsw.Connection,
    identity: StreamIdentity,
    segment: Segment,
    records: int,
    chunks: list[Packed],
    received: int,
    before: Open,
    notes: list[str] | None = None,
) -> None:
    """Commit a segment's `records` records as chunks, the drops after them and, where it is closed, the stream's end.

    What was committed before is not written again. Raises Deleted, or apsw's errors, with nothing written.
    `received` is the recorder's own count of transitions up to the end of the segment, drops included; `before` are
    the episodes that were open at its beginning.
    """
    stream = int(identity.stream["id"])
    end = segment.first_sequence + records + segment.dropped_records
    with transaction(connection):
        mark = mark_of(connection, stream)
        if mark is None:
            mark = _reintroduce(connection, identity, segment, before)
        if chunks and chunks[0].first_row >= mark.rows:
            if not mark.rows:  # the manifest has grown since the stream was introduced: its frames are chosen by now
                connection.execute("update stream set manifest = ? where id = ?", (identity.stream["manifest"], stream))
            _insert_chunks(connection, stream, mark, segment, chunks)
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


def end_stream(connection: apsw.Connection, stream: int) -> None:
    """Say that a stream ended cleanly, and when."""
    now = time.time_ns() // 1000
    connection.execute("update stream set ended_us = coalesce(ended_us, ?) where id = ?", (now, stream))


def _reintroduce(connection: apsw.Connection, identity: StreamIdentity, segment: Segment, before: Open) -> Mark:
    """The store does not know the stream: it was locked when the stream began, or has been deleted since."""
    mark = Mark(segment.first_row, segment.first_t, segment.first_sequence, 0, 0, before)
    introduce(connection, identity, mark)
    if segment.first_row:
        _count(connection, int(identity.stream["id"]), "store deleted", segment.received)
    return mark


def _insert_chunks(
    connection: apsw.Connection, stream: int, mark: Mark, segment: Segment, chunks: list[Packed]
) -> None:
    """Insert consecutive chunks, and move the stream's totals and its high-water mark past them."""
    frames, size, episodes = mark.frames, 0, mark.episodes
    for chunk in chunks:
        _insert_chunk(connection, stream, episodes, segment, chunk)
        episodes += chunk.episodes
        size += len(chunk.payload)
        if chunk.frames:
            frames, added = _insert_frames(connection, stream, *chunk.frames)
            size += added
    last = chunks[-1]
    assert last.after is not None
    connection.execute(
        "update stream set rows = ?, t = ?, transitions = transitions + ?, episodes = ?, reward_sum = reward_sum + ?,"
        " frames = ?, bytes = bytes + ?, last_us = ?, open = ? where id = ?",
        (
            last.first_row + last.rows, last.first_t + last.steps, sum(chunk.transitions for chunk in chunks), episodes,
            sum(chunk.rewards[0] for chunk in chunks), frames, size, last.times[1], last.after.encode(), stream,
        ),
    )  # fmt: skip


def _insert_chunk(connection: apsw.Connection, stream: int, episodes: int, segment: Segment, chunk: Packed) -> None:
    connection.execute(
        "insert into chunk (stream, first_row, rows, first_t, steps, transitions, first_episode, episodes,"
        " reward_sum, reward_min, reward_max, first_us, last_us, segment, generation, bytes, sha256)"
        " values (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            stream, chunk.first_row, chunk.rows, chunk.first_t, chunk.steps, chunk.transitions, episodes,
            chunk.episodes, *chunk.rewards, *chunk.times, segment.number, segment.generation,
            len(chunk.payload), hashlib.sha256(chunk.payload).digest(),
        ),
    )  # fmt: skip
    connection.execute("insert into chunk_payload values (?, ?)", (connection.last_insert_rowid(), chunk.payload))


def _insert_frames(connection: apsw.Connection, stream: int, first: int, count: int, payload: bytes) -> tuple[int, int]:
    """Insert a frame chunk; the number of the next frame, and the bytes it took."""
    connection.execute(
        "insert into frame_chunk (stream, first_frame, frames, bytes, sha256) values (?,?,?,?,?)",
        (stream, first, count, len(payload), hashlib.sha256(payload).digest()),
    )
    connection.execute("insert into frame_payload values (?, ?)", (connection.last_insert_rowid(), payload))
    return first + count, len(payload)


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
    merged = list(dict.fromkeys([*json.loads(rows[0][0]), *notes]))[:50]
    connection.execute("update stream set notes = ? where id = ?", (json.dumps(merged), stream))
