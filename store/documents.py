"""Records of other programs that fit a registered schema: kept as the documents they are, each with its file and line.

A file is taken in batches. With the documents of a batch the transaction stores how far the file was read and a
checksum of all that was read, so that an import that was killed goes on behind its last batch, a file that has grown
adds what is new, and the same records are never stored twice, whatever the file is called now.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import apsw

from cornerman.core.errors import NotFound, StoreFull
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.core.schema import parse_pin
from cornerman.core.schema.refused import Admitted, Refused
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_DOCUMENTS_DELETED

from .connection import connect, transaction, translated
from .filesystem import free_bytes
from .location import DATABASE
from .quarantine import insert as insert_refused

FIRST_FORMAT = 6
"""The format of the store that brought these tables."""
FIRST_WITH_CHECKSUMS = 8
PAGE = 1000

Query = Callable[..., list[Any]]


class DocumentImport(NamedTuple):
    """A file that was imported, as far as it was read."""

    id: int
    source: str
    form: str
    schema_id: str
    version: str
    head: bytes
    chain: bytes
    lines: int
    accepted: int
    refused: int
    began_us: int
    changed_us: int
    whole: bool

    @property
    def pin(self) -> str:
        return f"{self.schema_id}@{self.version}"


class Document(NamedTuple):
    """One stored record."""

    import_id: int
    line: int
    content: str
    """JSON; NaN and infinities as they came."""


_COLUMNS = ", ".join(DocumentImport._fields)


class Documents:
    """The documents of one store. Usable from any thread."""

    def __init__(self, path: Path, query: Query) -> None:
        self._path, self._query = path, query

    def imports(self, pin: str | None = None, head: bytes | None = None) -> list[DocumentImport]:
        """What was imported, the oldest first; of one schema (`id` or `id@1.2.0`), of files that begin so."""
        if self._format < FIRST_FORMAT:
            return []
        where, bindings = _of_schema(pin)
        if head is not None:
            where, bindings = f"{where} and head = ?", [*bindings, head]
        rows = self._query(f"select {_COLUMNS} from document_import where {where} order by id", tuple(bindings))
        return [DocumentImport(*row)._replace(whole=bool(row[-1])) for row in rows]

    def get(self, import_id: int) -> DocumentImport:
        """One import; NotFound where there is none of that number."""
        for found in self.imports():
            if found.id == import_id:
                return found
        raise NotFound(f"There is no import {import_id}.", "`cornerman documents` lists them.")

    def documents(self, imports: Sequence[DocumentImport]) -> Iterator[Document]:
        """The documents of these imports, in the order of their lines; a thousand at a time, so nobody waits for it."""
        for one in imports:
            yield from (Document(one.id, line, content) for line, content, _ in self._with_checksums(one.id))

    def problems(self) -> Iterator[str]:
        """What is not as it was stored: an import with another number of documents, a document with other bytes."""
        for one in self.imports():
            where = f"import {one.id} ({one.source})"
            number, changed = 0, []
            for line, content, known in self._with_checksums(one.id):
                number += 1
                if known is not None and checksum(content) != known:
                    changed.append(line)
            if number != one.accepted:
                yield f"{where} has {number:,} documents, and accepted {one.accepted:,}"
            if changed:
                more = f" and {len(changed) - 5:,} more" if len(changed) > 5 else ""
                lines = ", ".join(map(str, changed[:5]))
                yield f"{where}: the documents of these lines are not those that were stored: {lines}{more}"

    def _with_checksums(self, import_id: int) -> Iterator[tuple[int, str, int | None]]:
        known = "checksum" if self._format >= FIRST_WITH_CHECKSUMS else "null"
        line = 0
        while rows := self._query(
            f"select line, content, {known} from document where import = ? and line > ? order by line limit ?",
            (import_id, line, PAGE),
        ):
            yield from rows
            line = rows[-1][0]

    @property
    def _format(self) -> int:
        return int(self._query("pragma user_version")[0][0])

    def delete(self, import_id: int) -> int:
        """Remove an import and its documents; how many those were. What it had refused stays in quarantine."""
        found = self.get(import_id)
        with translated(self._path):
            connection = connect(self._path, write=True)
            try:
                with transaction(connection):
                    connection.execute("delete from document where import = ?", (found.id,))
                    connection.execute("delete from document_import where id = ?", (found.id,))
            finally:
                connection.close()
        log(LOG_DOCUMENTS_DELETED, source=found.source, schema=found.pin, documents=found.accepted)
        return found.accepted

    def writer(self) -> DocumentWriter:
        """What puts documents in; to be closed. StoreReadOnly, StoreLocked, StoreTooNew."""
        return DocumentWriter(self._path)


def new_import(source: str, form: str, schema_id: str, version: str, head: bytes = b"") -> DocumentImport:
    """An import that has read nothing yet; it is stored with its first batch. Without a `head` it is of no file."""
    now = time.time_ns() // 1000
    return DocumentImport(0, source, form, schema_id, version, head, b"", 0, 0, 0, now, now, not head)


class DocumentWriter:
    """Puts batches of documents in, each in a transaction that also says how far the file was read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._settings = RecorderSettings.from_environment()
        with translated(path):
            self._connection = connect(path, write=True)
            self._connection.execute("pragma wal_autocheckpoint=1000")  # nobody trains on this thread

    def commit(
        self, state: DocumentImport, documents: Sequence[tuple[int, str]], refused: Sequence[Refused]
    ) -> DocumentImport:
        """Store (line, JSON) documents, what was refused beside them, and how far the import is; as it is then.

        StoreFull, StoreLocked: the batch is not stored, and what came before is.
        """
        self._demand_room()
        state = state._replace(
            changed_us=time.time_ns() // 1000,
            accepted=state.accepted + len(documents),
            refused=state.refused + len(refused),
        )
        with translated(self._path), transaction(self._connection) as connection:
            state = _put_state(connection, state)
            _insert(connection, state.id, documents)
            insert_refused(connection, refused, source=state.source, schema=state.pin)
        return state

    def close(self) -> None:
        self._connection.close()

    def _demand_room(self) -> None:
        if free_bytes(self._path) < self._settings.min_free_bytes:
            raise StoreFull(self._path, "the free space is down to its reserve (storage.min_free_bytes)")
        used = sum(file.stat().st_size for file in self._path.glob(f"{DATABASE}*"))
        if 0 < self._settings.max_store_bytes < used:
            raise StoreFull(self._path, "its budget is used up (storage.max_store_bytes)")


def readmit(connection: apsw.Connection, records: Iterable[Admitted]) -> int:
    """Store refused records of imports under the pins that allow them now, in the caller's transaction; how many.

    They go beside the others of their file, in an import of that version. Steps are not for this.
    """
    count = 0
    for each in records:
        wanted, line = parse_pin(each.pin), each.record.place.removeprefix("line ")
        if each.record.stream_id is not None or not line.isdecimal():
            continue
        source = each.record.source
        ((number,),) = connection.execute(
            "select max(id) from document_import where source = ? and schema_id = ? and version = ?",
            (source, wanted.id, wanted.version),
        ).fetchall()
        if number is None:
            number = _put_state(connection, new_import(source, "jsonl", wanted.id, str(wanted.version))).id
        added = _insert(connection, int(str(number)), [(int(line), each.content.decode())], "on conflict do nothing")
        connection.execute("update document_import set accepted = accepted + ? where id = ?", (added, number))
        count += added
    return count


def _insert(connection: apsw.Connection, number: int, documents: Iterable[tuple[int, str]], otherwise: str = "") -> int:
    before = connection.total_changes()
    connection.executemany(
        f"insert into document (import, line, content, checksum) values (?, ?, ?, ?) {otherwise}",
        ((number, line, content, checksum(content)) for line, content in documents),
    )
    return int(connection.total_changes() - before)


def checksum(content: str) -> int:
    """The first eight bytes of the SHA-256 of a document."""
    return int.from_bytes(hashlib.sha256(content.encode()).digest()[:8], "big", signed=True)


def _put_state(connection: apsw.Connection, state: DocumentImport) -> DocumentImport:
    if state.id:
        connection.execute(
            "update document_import set chain = ?, lines = ?, accepted = ?, refused = ?, changed_us = ?, whole = ?"
            " where id = ?",
            (state.chain, state.lines, state.accepted, state.refused, state.changed_us, state.whole, state.id),
        )
        return state
    marks = ", ".join("?" * (len(state) - 1))
    names = ", ".join(DocumentImport._fields[1:])
    connection.execute(f"insert into document_import ({names}) values ({marks})", tuple(state[1:]))
    return state._replace(id=connection.last_insert_rowid())


def _of_schema(pin: str | None) -> tuple[str, list[Any]]:
    if pin is None:
        return "true", []
    wanted = parse_pin(pin)
    if wanted.version is None:
        return "schema_id = ?", [wanted.id]
    return "schema_id = ? and version = ?", [wanted.id, wanted.version]
