"""What a killed process left in the journal, brought into the store: by whoever opens the store next.

Nothing is lost meanwhile, a reader sees the journal as it is. Recovery may itself be killed at any point and done
again: what lies below a stream's high-water mark is never inserted twice, and a file is removed only after its commit.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from cornerman.core.errors import StoreError
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_STREAM_RECOVERED

from .connection import create, translated
from .liveness import Neighbour, alive
from .location import JOURNAL
from .merge import merge_all
from .normalization import statistics_path
from .seal import Deleted, StreamIdentity, height_of, notes_path, seal_segment
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
        with _claimed(path, process) as dead:
            if dead is not None:
                for recovered in _recover_process(path, dead):
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
def _claimed(path: Path, process: str) -> Iterator[Neighbour | None]:
    """The dead process's place, with the right to seal, so that two recoveries do not work on the same files."""
    try:
        dead = Neighbour(path, process, make=True)
    except OSError:
        yield None
        return
    try:
        yield dead if dead.take_sealing() else None
    finally:
        dead.close()


def _recover_process(path: Path, dead: Neighbour) -> list[Recovered]:
    folder = dead.folder
    found = []
    try:
        for manifest in sorted(folder.glob("*.stream")):
            recovered = _recover_stream(path, folder, manifest)
            if recovered is not None:
                found.append(recovered)
        for spare in folder.glob("*.spare*"):
            spare.unlink(missing_ok=True)
        for rest in folder.glob("*.seg"):
            with contextlib.suppress(NotASegment, OSError):
                if not (folder / f"{rest.name.split('.')[0]}.stream").exists():
                    rest.unlink()
        dead.bury()
    except (apsw.Error, StoreError, OSError):
        pass  # the next opener tries again; readers go on reading the journal
    return found


def _recover_stream(path: Path, folder: Path, manifest: Path) -> Recovered | None:
    identity = StreamIdentity.decode(manifest.read_bytes())
    stream = identity.stream_id
    connection = create(path)
    rows, closed, height = 0, False, 0
    try:
        with translated(path):
            for segment in _segments(folder, stream):
                with contextlib.suppress(Deleted):
                    rows += seal_segment(connection, identity, segment).records if segment.generation else 0
                closed, height = closed or segment.closed, height_of(identity, segment.layout)
                segment.remove()
            with contextlib.suppress(Exception):  # whatever it is, small chunks stay as they are
                merge_all(connection, stream, height)
    finally:
        connection.close()
    notes_path(folder, stream).unlink(missing_ok=True)
    statistics_path(folder, stream).unlink(missing_ok=True)
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
