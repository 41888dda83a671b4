"""Runs that were not recorded here, put into a store whole: all their chunks in one transaction, or nothing.

What they hold is packed before, so the lock is held for the inserts alone; a recorder that needs it meanwhile spools.
Importing the same thing again finds it by its session, which is made of its content.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from cornerman.core import values
from cornerman.core.ids import new_stream_id
from cornerman.core.payloads import chunk_v1
from cornerman.core.plain_rows import PackedRows, Packer

from .chunk_rows import content_columns, frame_columns, insert_chunk, insert_frames, insert_row, reward_columns
from .connection import connect, create, transaction, translated
from .location import DATABASE
from .network import place_of, prepare

PROCESS = "import"
"""Stands where a stream has its recorder: none of that name is ever alive."""


@dataclass
class ImportedStream:
    """One stream with its chunks. `counts` are ledger causes beside `received`: duplicate, quarantined."""

    name: str
    manifest: dict[str, Any]
    packer: Packer = field(default_factory=Packer)
    chunks: list[PackedRows] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def transitions(self) -> int:
        return sum(chunk.steps for chunk in self.chunks)

    @property
    def received(self) -> int:
        return self.transitions + sum(self.counts.values())


@dataclass
class ImportedRun:
    """One run. `session` says what it was made of, so that it is never there twice."""

    run_id: str
    job: str
    session: str
    provenance: dict[str, Any]
    streams: list[ImportedStream]

    @property
    def created_us(self) -> int:
        return min((stream.chunks[0].times[0] for stream in self.streams if stream.chunks), default=0)


def insert_runs(path: Path, runs: list[ImportedRun]) -> list[tuple[str, bool]]:
    """Put the runs in; for each, its id in the store and whether it is new. Errors of `cornerman.core.errors`.

    A run whose id another one has gets an attempt's suffix: `id-2`. One that was deleted comes back under a new id.
    """
    place = place_of(path)
    if place.on_network:
        prepare(place)
    local = place.local
    with translated(local):
        connection = connect(local, write=True) if (local / DATABASE).exists() else create(local)
        try:
            with transaction(connection):
                return [_insert_run(connection, run) for run in runs]
        finally:
            connection.close()


class KnownImport(NamedTuple):
    """A run that was imported before, and what the store has of it."""

    run_id: str
    job: str
    runs: int
    """How many runs its file had."""
    streams: int
    steps: int
    episodes: int
    duplicates: int
    conflicts: int


def known_imports(path: Path, session: str) -> list[KnownImport]:
    """The runs whose session begins so, as long as they are there: none where there is no store."""
    local = place_of(path).local
    if not (local / DATABASE).exists():
        return []
    with translated(local):
        connection = connect(local)
        try:
            found: list[Any] = connection.execute(_KNOWN, (session, session + "\uffff")).fetchall()
        finally:
            connection.close()
    return [
        KnownImport(str(run), str(job), int(values.decode(origin)["import"]["runs"]), *map(int, counts))
        for run, job, origin, *counts in found
    ]


_OF_LEDGER = "(select coalesce(sum(transitions), 0) from ledger where cause = '{}' and stream in ({}))"
_STREAMS = "select id from stream where run = r.id"
_KNOWN = (
    "select r.run_id, r.job, r.provenance, count(s.id), coalesce(sum(s.transitions), 0), coalesce(sum(s.episodes), 0),"
    f" {_OF_LEDGER.format('duplicate', _STREAMS)}, {_OF_LEDGER.format('quarantined', _STREAMS)}"
    " from run r left join stream s on s.run = r.id"
    " where r.session >= ? and r.session < ? and r.deleted_us is null group by r.id order by r.id"
)


def known_run(connection: apsw.Connection, session: str) -> str | None:
    """The run that was imported under this session and is still there."""
    found: list[Any] = connection.execute(
        "select run_id from run where session = ? and deleted_us is null", (session,)
    ).fetchall()
    return str(found[0][0]) if found else None


def _insert_run(connection: apsw.Connection, run: ImportedRun) -> tuple[str, bool]:
    known = known_run(connection, run.session)
    if known is not None:
        return known, False
    # the tombstone of a deleted import keeps its id; its session is free for the one that comes again
    connection.execute("update run set session = null where session = ?", (run.session,))
    run_id = _free_id(connection, run.run_id)
    connection.execute(
        "insert into run (run_id, job, session, created_us, provenance) values (?, ?, ?, ?, ?)",
        (run_id, run.job, run.session, run.created_us, values.encode(run.provenance)),
    )
    number = connection.last_insert_rowid()
    for stream in run.streams:
        _insert_stream(connection, number, stream)
    return run_id, True


def _free_id(connection: apsw.Connection, wanted: str) -> str:
    attempt, run_id = 1, wanted
    while connection.execute("select 1 from run where run_id = ?", (run_id,)).fetchall():
        attempt += 1
        run_id = f"{wanted}-{attempt}"
    return run_id


def _insert_stream(connection: apsw.Connection, run: int, stream: ImportedStream) -> None:
    number, packer = new_stream_id(), stream.packer
    last = max((chunk.times[1] for chunk in stream.chunks), default=0)
    size = sum(len(chunk.payload) + (len(chunk.frames[2]) if chunk.frames else 0) for chunk in stream.chunks)
    columns: dict[str, Any] = {
        "id": number, "run": run, "name": stream.name, "manifest": values.encode(stream.manifest), "num_envs": 0,
        "autoreset": "", "process": PROCESS, "schema": chunk_v1.SCHEMA,
        "created_us": stream.chunks[0].times[0] if stream.chunks else 0, "ended_us": last, "rows": packer.rows,
        "t": packer.t, "sequence": packer.rows, "transitions": stream.transitions, "episodes": packer.episodes,
        "reward_sum": packer.reward_sum, "frames": packer.frames, "bytes": size, "last_us": last,
        "open": packer.open.encode(), "notes": json.dumps(stream.notes[:50]),
    }  # fmt: skip
    insert_row(connection, "stream", columns)
    episodes = 0
    for place, chunk in enumerate(stream.chunks):
        _insert_chunk(connection, number, episodes, place, chunk)
        episodes += chunk.episodes
    now = time.time_ns() // 1000
    for cause, transitions in {"received": stream.received, **stream.counts}.items():
        if transitions or cause == "received":
            connection.execute("insert into ledger values (?, ?, ?, ?, ?)", (number, cause, transitions, now, now))


def _insert_chunk(connection: apsw.Connection, stream: int, episodes: int, place: int, chunk: PackedRows) -> None:
    columns: dict[str, Any] = {
        "stream": stream, "first_row": chunk.first_row, "rows": chunk.rows, "first_t": chunk.first_t,
        "steps": chunk.steps, "transitions": chunk.steps, "first_episode": episodes, "episodes": chunk.episodes,
        "first_us": chunk.times[0], "last_us": chunk.times[1], "segment": place, "generation": 0,
        **reward_columns(chunk.rewards), **content_columns(chunk.payload),
    }  # fmt: skip
    insert_chunk(connection, columns, chunk.payload)
    if chunk.frames is not None:
        first, count, payload = chunk.frames
        insert_frames(connection, frame_columns(stream, first, count, payload), payload)
