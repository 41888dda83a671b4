"""Opening the database: every pragma with its reason, every failure as a sentence a person can act on.

What each pragma is for:

    page_size 8192        smallest files for chunks of tens of kilobytes (measured: 64 KiB pages double small chunks)
    journal_mode WAL      readers never wait for the writer, nor it for them
    synchronous NORMAL    survives kill -9 whole; a power cut may take the newest commits, which the journal still has
    wal_autocheckpoint 0  a commit on the training thread never pays for a checkpoint: store/checkpoint.py does
    busy_timeout          0 on the training thread (a locked store means: seal later), some seconds elsewhere
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import apsw

from cornerman.core.errors import (
    StoreError,
    StoreFull,
    StoreLocked,
    StoreNotFound,
    StoreReadOnly,
    StoreTooNew,
    StoreUnreadable,
)
from cornerman.core.ids import new_ulid
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_STORE_CREATED

from .filesystem import filesystem_of
from .location import DATABASE
from .own_schemas import knows_ours, our_documents, register_ours

SMALLEST_PAGE = 512
FORMAT = 10
"""The number of the newest step file in ddl/."""


@dataclass(frozen=True, slots=True)
class Database:
    """One of the SQLite files in a store's folder: what tells it from other programs' files, and its step files."""

    file: str
    application_id: int
    format: int
    """The number of its newest step file."""
    package: str
    """Its step files are in this package's folder ddl/."""
    begin: Callable[[apsw.Connection], None]
    """Fills a new one, in the transaction of its step files."""
    pragma: str = "page_size=8192"
    """What only a new one can be told."""
    documents: bool = False
    """Whether the product's own schemas are registered in it."""
    remedy: str = ""
    """What to do where the file itself is damaged, if that is not what it is with a store."""


def _begin(connection: apsw.Connection) -> None:
    connection.execute(
        "insert into store_meta values ('store_id', ?), ('created_us', ?)", (new_ulid(), time.time_ns() // 1000)
    )


STORE = Database(DATABASE, 0x434F524E, FORMAT, "cornerman.store", _begin, documents=True)  # "CORN"


def create(path: Path, *, busy_ms: int = 5000, of: Database = STORE) -> apsw.Connection:
    """The writable connection of the store in the folder `path`, made if it is not there.

    Raises StoreTooNew, StoreUnreadable, StoreReadOnly, StoreLocked or StoreFull; the folder is then as it was.
    """
    _refuse_network(path)
    with translated(path, of):
        try:
            if of is STORE:  # the others go into a store that is there: one that was removed does not come back
                path.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise StoreUnreadable(path, "it is a file, not a folder") from error
        except OSError as error:
            raise StoreReadOnly(path) from error
        _refuse_foreign(path, of)
        new = not (path / of.file).exists()
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        connection = apsw.Connection(os.fspath(path / of.file), flags=flags)
        connection.set_busy_timeout(busy_ms)
        _prepare(connection, path, of)
        if new and of is STORE:
            log(LOG_STORE_CREATED, path=str(path))
        return connection


def connect(path: Path, *, write: bool = False, busy_ms: int = 5000, of: Database = STORE) -> apsw.Connection:
    """A connection to an existing store; StoreNotFound where there is none.

    A reader's connection changes nothing. A format newer than ours is refused for writing only.
    """
    database = path / of.file
    if path.is_file():
        raise StoreUnreadable(path, "it is a file, not a folder")
    if not database.exists():
        raise StoreNotFound(path)
    if write:
        _refuse_network(path)
    with translated(path, of):
        _refuse_foreign(path, of)
        if write:
            connection = apsw.Connection(os.fspath(database), flags=apsw.SQLITE_OPEN_READWRITE)
        else:
            connection = _reader(database)
        connection.set_busy_timeout(busy_ms)
        found = format_of(connection, path, of)
        if write and found > of.format:
            connection.close()
            raise StoreTooNew(path, found, of.format)
        if write:
            _upgrade(connection, of)
            _tune(connection)
        return connection


def format_of(connection: apsw.Connection, path: Path, of: Database = STORE) -> int:
    """The store's format number; StoreUnreadable for some other program's database, StoreNotFound while it is made."""
    if _scalar(connection, "pragma application_id") == of.application_id:
        return int(_scalar(connection, "pragma user_version"))
    empty = not _scalar(connection, "select count(*) from sqlite_schema")
    if empty and _scalar(connection, "pragma application_id") == 0:
        connection.close()
        raise StoreNotFound(path)
    if _scalar(connection, "pragma application_id") == of.application_id:  # finished between the two looks
        return int(_scalar(connection, "pragma user_version"))
    connection.close()
    raise StoreUnreadable(path / of.file, "it is another program's SQLite database", of.remedy)


@contextlib.contextmanager
def translated(path: Path, of: Database = STORE) -> Iterator[None]:
    """SQLite's and the system's errors as those of `cornerman.core.errors`."""
    try:
        yield
    except apsw.BusyError as error:
        raise StoreLocked(path) from error
    except (apsw.ReadOnlyError, apsw.PermissionsError) as error:
        raise StoreReadOnly(path) from error
    except apsw.FullError as error:
        raise StoreFull(path, "the disk is full") from error
    except apsw.NotADBError as error:
        raise StoreUnreadable(path / of.file, "it is no SQLite database", of.remedy) from error
    except apsw.CorruptError as error:
        raise StoreUnreadable(path / of.file, f"SQLite says: {error}", of.remedy) from error
    except apsw.CantOpenError as error:
        raise (StoreReadOnly(path) if (path / of.file).exists() else StoreNotFound(path)) from error
    except apsw.Error as error:
        raise StoreError(f"The store {path} failed: {error}.", "`cornerman doctor` checks it.") from error


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    """One write transaction, taken at once: it commits whole or leaves nothing."""
    connection.execute("begin immediate")
    try:
        yield connection
        connection.execute("commit")
    except BaseException:
        with contextlib.suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("rollback")
        raise


@contextlib.contextmanager
def snapshot(connection: apsw.Connection) -> Iterator[apsw.Connection]:
    """One read transaction: what is read inside is of one moment. It ends here, so that the log can be checkpointed."""
    connection.execute("begin")
    try:
        yield connection
    finally:
        with contextlib.suppress(apsw.Error):
            if connection.in_transaction:
                connection.execute("rollback")


def _reader(database: Path) -> apsw.Connection:
    """Read-only where that works; a folder that cannot be written has no shared memory file, and is then immutable.

    So is one on a network: what is in its log and not in the database yet cannot be read there.
    """
    wal = database.with_name(database.name + "-wal")
    uri = f"file:{_quoted(database)}?mode=ro"
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    if filesystem_of(database).network:
        return apsw.Connection(uri + "&immutable=1", flags=flags)
    connection = apsw.Connection(uri, flags=flags)
    connection.set_busy_timeout(5000)
    try:
        _scalar(connection, "select count(*) from sqlite_schema")
        return connection
    except (apsw.CantOpenError, apsw.ReadOnlyError):
        connection.close()
        if wal.exists() and wal.stat().st_size:
            raise
        return apsw.Connection(uri + "&immutable=1", flags=flags)


def _refuse_network(path: Path) -> None:
    """The last guard: whoever comes here with a folder on a network did not ask `network.place_of` first."""
    found = filesystem_of(path)
    if found.network:
        raise StoreError(
            f"A database is never opened for writing on a network file system: {path} is on {found.type}.",
            "Its store is on this node's local disk; name the folder and not the file. `cornerman doctor` says where.",
        )


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(os.fspath(path))


def _refuse_foreign(path: Path, of: Database = STORE) -> None:
    """SQLite treats an empty file as a new database and reads a short one as damaged: say it in words first.

    The file is not opened for that: a process that closes any descriptor of a file loses all its POSIX locks on it,
    also those of its other connections. Whoever closes the database next would then take itself for the last, and
    remove the log that they write to.
    """
    database = path / of.file
    if not database.exists():
        return
    if database.is_dir():
        raise StoreUnreadable(database, "it is a folder", of.remedy)
    if not os.access(database, os.R_OK):
        raise StoreUnreadable(database, "you may not read it")
    if 0 < database.stat().st_size < SMALLEST_PAGE:
        raise StoreUnreadable(database, "it is no SQLite database, or was cut short", of.remedy)


def _prepare(connection: apsw.Connection, path: Path, of: Database) -> None:
    if _scalar(connection, "pragma application_id") == 0 and not _scalar(
        connection, "select count(*) from sqlite_schema"
    ):
        for pragma in of.pragma.split(";"):
            _scalar(connection, f"pragma {pragma}")
    elif format_of(connection, path, of) > of.format:
        found = format_of(connection, path, of)
        connection.close()
        raise StoreTooNew(path, found, of.format)
    _set_wal(connection)
    _tune(connection)
    _upgrade(connection, of)


def _set_wal(connection: apsw.Connection) -> None:
    """Turn on the write-ahead log. Of several programs that make a store at once, the others wait for the first."""
    deadline = time.monotonic() + 5
    while True:
        try:
            if _scalar(connection, "pragma journal_mode=wal") == "wal":
                return
        except apsw.BusyError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _tune(connection: apsw.Connection) -> None:
    for pragma in ("synchronous=normal", "wal_autocheckpoint=0", f"journal_size_limit={8 << 20}", "temp_store=memory"):
        _scalar(connection, f"pragma {pragma}")


def _upgrade(connection: apsw.Connection, of: Database) -> None:
    """Apply the step files that this store has not seen, and register the schemas that it does not have, at once."""
    if _scalar(connection, "pragma user_version") >= of.format and (not of.documents or knows_ours(connection)):
        return
    documents = our_documents() if of.documents else []
    with transaction(connection):
        version = int(_scalar(connection, "pragma user_version"))
        for number, statements in _steps(of.package):
            if number > version:
                for _ in connection.execute(statements):
                    pass
                connection.execute(f"pragma user_version={number}")
        if version == 0:
            connection.execute(f"pragma application_id={of.application_id}")
            of.begin(connection)
        if of.documents:
            register_ours(connection, documents)


def _steps(package: str) -> list[tuple[int, str]]:
    files = [file for file in resources.files(package).joinpath("ddl").iterdir() if file.name.endswith(".sql")]
    return sorted((int(file.name[:4]), file.read_text(encoding="utf-8")) for file in files)


def _scalar(connection: apsw.Connection, statement: str) -> Any:
    """The first value of a statement, read to its end: a statement that is not is a lock that stays."""
    rows = connection.execute(statement).fetchall()
    return rows[0][0] if rows else None
