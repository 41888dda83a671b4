"""Deleting a run: a tombstone and the removal of all it has, in one transaction.

The tombstone tells its writer, if one is alive, that what comes is not wanted any more; it stops and counts. The room
is used again by what is recorded next: the file itself does not shrink.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

import apsw

from cornerman.core import values

from . import commands, run_folder
from .connection import connect, transaction, translated
from .liveness import alive
from .location import JOURNAL
from .logs.removal import delete_run_logs
from .normalization import statistics_path
from .segments import segment_paths
from .spaces import FORGET

if TYPE_CHECKING:
    from .api import Run, Store, Stream


def delete_run(store: Store, run: Run) -> int:
    """Remove a run; the bytes freed. StoreReadOnly, StoreLocked or StoreFull where it cannot be: nothing changed."""
    freed = sum(stream.summary().bytes for stream in run.streams())
    freed += delete_run_logs(
        store.path, run.run_id
    )  # first: where they cannot go, the run stays, and may be asked again
    with translated(store.path):
        connection = connect(store.path, write=True)
        try:
            with transaction(connection):
                _bury(connection, run)
                _purge(connection, run.run_id)
        finally:
            connection.close()
    for stream in run.streams():
        _forget_journal(store, stream)
    commands.remove(store.path, run.run_id)
    return freed + run_folder.remove(store.path, run.job, run.run_id)


def _bury(connection: apsw.Connection, run: Run) -> None:
    """The tombstone; of a run that only the journal knew, too, so that recovery does not bring it in."""
    now = time.time_ns() // 1000
    facts: dict[str, Any] = (
        run.streams()[0].identity.run
        if run.streams()
        else {"job": run.job, "session": None, "created_us": run.created_us, "provenance": values.encode({})}
    )
    connection.execute(
        "insert into run (run_id, job, session, created_us, provenance, deleted_us) values (?, ?, ?, ?, ?, ?)"
        " on conflict (run_id) do update set deleted_us = excluded.deleted_us",
        (run.run_id, facts["job"], facts["session"], facts["created_us"], facts["provenance"], now),
    )


_STREAMS = "(select s.id from stream s join run r on r.id = s.run where r.run_id = ?)"


def _purge(connection: apsw.Connection, run_id: str) -> None:
    """All that hangs on the run, the leaves first."""
    for statement in (
        f"delete from quarantine_edit where record in (select id from quarantine where stream in {_STREAMS})",
        f"delete from quarantine where stream in {_STREAMS}",
        f"delete from mismatch where stream in {_STREAMS}",
        f"delete from judged where stream in {_STREAMS}",
        f"delete from chunk_payload where chunk in (select id from chunk where stream in {_STREAMS})",
        f"delete from frame_payload where frame_chunk in (select id from frame_chunk where stream in {_STREAMS})",
        f"delete from chunk where stream in {_STREAMS}",
        f"delete from frame_chunk where stream in {_STREAMS}",
        f"delete from ledger where stream in {_STREAMS}",
        f"delete from norm_stats where stream in {_STREAMS}",
        "delete from stream where run = (select id from run where run_id = ?)",
    ):
        connection.execute(statement, (run_id,))
    for statement in FORGET:
        connection.execute(statement)


def _forget_journal(store: Store, stream: Stream) -> None:
    """What a dead process left of the stream; a living one removes its own."""
    process = stream.rows.process
    if alive(store.path, process):
        return
    folder = store.path / JOURNAL / process
    for path in [
        *segment_paths(folder, stream.stream_id),
        folder / f"{stream.stream_id}.stream",
        statistics_path(folder, stream.stream_id),
    ]:
        with contextlib.suppress(OSError):
            path.unlink()
    with contextlib.suppress(OSError):
        folder.rmdir()
