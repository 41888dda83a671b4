"""What a killed process left in the journal, brought into the store: by whoever opens the store next.

Nothing is lost meanwhile, a reader sees the journal as it is. Recovery may itself be killed at any point and done
again: what lies below a stream's high-water mark is never inserted twice, and a file is removed only after its commit.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from cornerman.core.episodes import Open
from cornerman.core.errors import StoreError
from cornerman.core.setting_keys import KEYS
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_STREAM_RECOVERED

from .connection import create, snapshot, translated
from .liveness import alive, lock_path
from .location import JOURNAL
from .seal import Deleted, Packed, StreamIdentity, chunk_height, commit, mark_of, pack_segment, received_in
from .segments import NotASegment, Segment, segment_paths


class Recovered(NamedTuple):
    """One stream that was brought in: how many records, and whether its process had closed it."""

    stream_id: int
    run_id: str
    rows: int
    closed: bool


def recover(path: Path) -> list[Recovered]:
    """Seal what dead processes left; what cannot be sealed now (locked, full) stays where it is."""
    found: list[Recovered] = []
    for process in abandoned(path):
        with _claimed(path, process) as claimed:
            if claimed:
                for recovered in _recover_process(path, process):
                    log(LOG_STREAM_RECOVERED, run=recovered.run_id, stream=recovered.stream_id, rows=recovered.rows)
                    found.append(recovered)
    return found


def abandoned(path: Path) -> list[str]:
    """The processes that left something in the journal and are no more."""
    journal = path / JOURNAL
    try:
        names = sorted(entry.name for entry in os.scandir(journal) if entry.is_dir())
        locks = sorted(entry.name[:-5] for entry in os.scandir(journal) if entry.name.endswith(".lock"))
    except OSError:
        return []
    return [name for name in dict.fromkeys([*names, *locks]) if not alive(path, name)]


@contextlib.contextmanager
def _claimed(path: Path, process: str) -> Iterator[bool]:
    """Hold the dead process's lock, so that two recoveries do not work on the same files."""
    try:
        descriptor = os.open(lock_path(path, process), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        yield False
        return
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        yield False
        return
    try:
        yield True
    finally:
        os.close(descriptor)


def _recover_process(path: Path, process: str) -> list[Recovered]:
    folder = path / JOURNAL / process
    found = []
    try:
        for manifest in sorted(folder.glob("*.stream")):
            recovered = _recover_stream(path, folder, manifest)
            if recovered is not None:
                found.append(recovered)
        for rest in folder.glob("*.seg"):
            with contextlib.suppress(NotASegment, OSError):
                if not (folder / f"{rest.name.split('.')[0]}.stream").exists():
                    rest.unlink()
        if folder.exists():
            folder.rmdir()
        lock_path(path, process).unlink(missing_ok=True)
    except (apsw.Error, StoreError, OSError):
        pass  # the next opener tries again; readers go on reading the journal
    return found


def _recover_stream(path: Path, folder: Path, manifest: Path) -> Recovered | None:
    identity = StreamIdentity.decode(manifest.read_bytes())
    stream = int(identity.stream["id"])
    connection = create(path)
    rows, closed = 0, False
    try:
        with translated(path):
            for segment in _segments(folder, stream):
                with contextlib.suppress(Deleted):
                    rows += recover_segment(connection, identity, segment)
                closed = closed or segment.closed
                segment.remove()
    finally:
        connection.close()
    manifest.unlink(missing_ok=True)
    return Recovered(stream, identity.run["run_id"], rows, closed) if rows else None


def _segments(folder: Path, stream: int) -> list[Segment]:
    """The stream's segments in the order in which they were written: numbers are reused, so rows decide."""
    opened = []
    for place in segment_paths(folder, stream):
        try:
            opened.append(Segment.open(place))
        except NotASegment:
            place.unlink(missing_ok=True)  # killed while it was being made: it never had a record
    return sorted(opened, key=lambda segment: (segment.first_sequence, segment.generation))


def recover_segment(connection: apsw.Connection, identity: StreamIdentity, segment: Segment) -> int:
    """Seal what of a segment lies beyond the stream's high-water mark; how many records that was."""
    if segment.generation == 0:
        return 0
    stream, mode = int(identity.stream["id"]), identity.stream["autoreset"]
    with snapshot(connection):
        mark = mark_of(connection, stream)
    before = mark.open if mark else Open.new(max(int(identity.stream["num_envs"]), 1))
    count = segment.count()
    start = max(0, (mark.rows if mark else 0) - segment.first_row)
    _, transitions, _ = received_in(segment, count, mode, before.done)
    received = segment.received + transitions + segment.dropped[0]
    chunks: list[Packed] = []
    if start < count:
        height = chunk_height(segment.layout, KEYS["storage.rows_per_chunk"].default)
        envs = tuple(identity.stream.get("frame_envs", ()))
        chunks = pack_segment(segment, start, count, mode, before, envs, height)
    commit(connection, identity, segment, count, chunks, received, before)
    return max(0, count - start)
