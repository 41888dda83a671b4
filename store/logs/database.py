"""`logs.db`: beside `store.db`, opened by the same code, with the same pragmas and the same errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from ..connection import Database, connect, create, transaction, translated

FILE = "logs.db"
FORMAT = 4
"""The number of the newest step file in logs/ddl/."""


def _begin(connection: apsw.Connection) -> None:
    connection.execute("insert into log_meta values ('next_id', 1), ('version', 0), ('generation', 0)")


MOVE_AWAY = (
    f"Steps are not touched, and lines that come now wait in spool/. Move {FILE}, {FILE}-wal and {FILE}-shm out of the"
    " store's folder: the next line begins a new one."
)
LOGS = Database(
    FILE, 0x434C4F47, FORMAT, "cornerman.store.logs", _begin, pragma="page_size=8192;auto_vacuum=incremental",
    remedy=MOVE_AWAY,
)  # "CLOG"  # fmt: skip
"""Pages that pruning frees go back to the disk (`incremental_vacuum`): logs come and go, chunks stay."""


def create_logs(path: Path, *, busy_ms: int = 5000) -> apsw.Connection:
    """A connection that may write; the database is made where there is none. Raises what `connection.create` does."""
    return create(path, busy_ms=busy_ms, of=LOGS)


def connect_logs(path: Path) -> apsw.Connection:
    """A connection that reads; StoreNotFound where there are no logs."""
    return connect(path, of=LOGS)


@contextmanager
def writing(connection: apsw.Connection, path: Path) -> Iterator[apsw.Connection]:
    """One write transaction, with the errors of `cornerman.core.errors`; who reads notices by the new version."""
    with translated(path, LOGS), transaction(connection):
        yield connection
        connection.execute("update log_meta set value = value + 1 where key = 'version'")


def fetch(connection: apsw.Connection, statement: str, bindings: Any = None) -> list[Any]:
    """All rows of a statement: what is not read to its end holds a lock."""
    return connection.execute(statement, bindings).fetchall()


def meta(connection: apsw.Connection, key: str) -> int:
    """A number of `log_meta`."""
    return int(fetch(connection, "select value from log_meta where key = ?", (key,))[0][0])


def removed(connection: apsw.Connection) -> None:
    """Within a write transaction: what readers have in memory is no longer there."""
    connection.execute("update log_meta set value = value + 1 where key = 'generation'")
