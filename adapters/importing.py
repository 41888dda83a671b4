"""Bulk import of other programs' records: judged by a registered schema, stored as documents, the refused set aside.

    done = import_documents(store, "ticks.csv", store.schemas.bundle("ticks_v1@1.1.0"))
    done.accepted, done.refused, done.first

An import can be stopped at any time, or killed: the same call goes on behind the last batch that was stored. Records
that were imported before are recognised by their content from the file's beginning on, so that the same file adds
nothing, and one that has grown adds what is new.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cornerman.core.schema import Problem, SchemaDocument, validator
from cornerman.core.schema.cells import CellTypes
from cornerman.core.schema.data_files import DataFile, Record
from cornerman.core.schema.judge import judged
from cornerman.core.schema.refused import BYTES, JSON, Refused
from cornerman.log_catalog import log
from cornerman.log_catalog.store import LOG_DOCUMENTS_IMPORTED, LOG_DOCUMENTS_REFUSED
from cornerman.store.documents import DocumentImport, new_import

if TYPE_CHECKING:
    from cornerman.store.api import Store

BATCH: Final = 1000
BATCH_BYTES: Final = 1 << 20
"""About what is committed at once: a few milliseconds in which a recorder would spool."""
KEPT: Final = 5
"""Refused records that are shown."""


@dataclass
class ImportedDocuments:
    """What became of a file: of what was read now, and of what an earlier import of it had read."""

    source: str
    schema: str
    import_id: int = 0
    """0 where nothing was stored."""
    accepted: int = 0
    refused: int = 0
    before: int = 0
    """Records that an earlier import of the same file had accepted."""
    refused_before: int = 0
    """And those that it had refused; they are in quarantine."""
    whole: bool = False
    """Whether the end of the file was reached."""
    first: list[Refused] = field(default_factory=list)
    """The first that were refused now."""
    rules: dict[tuple[str, str], int] = field(default_factory=dict)
    """How many were refused by which rule at which place; one record may be refused by several."""
    read: int = 0
    """Bytes of the file that were read, of `size`."""
    size: int = 0
    seconds: float = 0.0

    @property
    def records(self) -> int:
        return self.accepted + self.refused


def import_documents(
    store: Store | None,
    file: Path | str,
    document: SchemaDocument,
    *,
    source: str | None = None,
    format: str | None = None,
    delimiter: str | None = None,
    on_progress: Callable[[ImportedDocuments], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> ImportedDocuments:
    """Import the records of a file of JSON lines or CSV; without a store only judge them.

    `stopped` is asked after each batch. Raises InvalidOption where the file cannot be read, and the store's own errors:
    what was stored before stays, and the next call goes on there.
    """
    done = ImportedDocuments(source or str(file), document.pin)
    began = time.monotonic()
    writer = None if store is None else store.documents.writer()
    try:
        with DataFile(file, format, delimiter) as data:
            done.size = data.size
            state, records, chain = _beginning(store, data, document, done)
            batches = _Batches(document, data, chain)
            for documents, refused, lines in batches.of(records):
                _count(done, documents, refused)
                done.read, done.seconds = data.position(), time.monotonic() - began
                if writer is not None and state is not None:
                    state = state._replace(chain=batches.chain.digest(), lines=lines, whole=False)
                    state = writer.commit(state, documents, refused)
                    done.import_id = state.id
                if on_progress is not None:
                    on_progress(done)
                if stopped():
                    break
            else:
                done.whole = True
                if writer is not None and state is not None and state.id and not state.whole:
                    writer.commit(state._replace(whole=True), [], [])
    finally:
        if writer is not None:
            writer.close()
    done.seconds = time.monotonic() - began
    if store is not None:
        _say(done)
    return done


def _beginning(
    store: Store | None, data: DataFile, document: SchemaDocument, done: ImportedDocuments
) -> tuple[DocumentImport | None, Iterable[Record], Any]:
    """Where to go on: the state to continue, the records that are new, and the checksum of those before them."""
    chain = hashlib.sha256("\0".join((data.format, *data.columns)).encode("utf-8", "surrogatepass"))
    records = data.records()
    if store is None:
        return None, records, chain
    first = next(records, None)
    if first is None:
        return None, (), chain
    start = chain.copy()
    _add(chain, first)
    head = chain.digest()
    known = {(one.lines, one.chain): one for one in store.documents.imports(document.pin, head)}
    places, last = {lines for lines, _ in known}, max((lines for lines, _ in known), default=0)
    found, place = None, first
    for at in itertools.chain([first], records):
        if at.lines > last:
            break
        if at is not first:
            _add(chain, at)
        if at.lines in places and (one := known.get((at.lines, chain.digest()))):
            found, place, start = one, at, chain.copy()
    if found is None:
        return new_import(done.source, data.format, document.id, document.version, head), data.records(), start
    done.import_id, done.before, done.refused_before = found.id, found.accepted, found.refused
    return found, data.records(place.end, place.lines), start


def _add(chain: Any, record: Record) -> None:
    chain.update(record.raw)
    chain.update(b"\n")


class _Batches:
    """Judges records, and gives them out by the batch: what is accepted, what is refused, how many lines that was."""

    def __init__(self, document: SchemaDocument, data: DataFile, chain: Any) -> None:
        self._judge = validator(document)
        self._typed = CellTypes(document.schema) if data.format == "csv" else None
        self.chain = chain
        """The checksum of the records up to the end of the batch that was given out last."""

    def of(self, records: Iterable[Record]) -> Iterator[tuple[list[tuple[int, str]], list[Refused], int]]:
        documents, refused, size, lines = list[tuple[int, str]](), list[Refused](), 0, 0
        for record in records:
            _add(self.chain, record)
            size, lines = size + len(record.raw), record.lines
            found = self._judged(record)
            if isinstance(found, str):
                documents.append((record.line, found))
            else:
                refused.append(found)
            if len(documents) + len(refused) >= BATCH or size >= BATCH_BYTES:
                yield documents, refused, lines
                documents, refused, size = [], [], 0
        if documents or refused:
            yield documents, refused, lines

    def _judged(self, record: Record) -> str | Refused:
        """The JSON to store, or what goes to quarantine. Of CSV that is the record with its columns' names."""
        place = f"line {record.line}"
        if record.error:
            problem = Problem("", "record", "a record", record.error, f"This is no record: {record.error}.")
            return Refused(record.raw, (problem,), place, BYTES)
        value = record.value if self._typed is None else self._typed(record.value)
        problems = tuple(judged(self._judge, value))
        raw = record.raw if self._typed is None else json.dumps(value, ensure_ascii=False).encode()
        return Refused(raw, problems, place, JSON) if problems else raw.decode()


def _count(done: ImportedDocuments, documents: list[tuple[int, str]], refused: list[Refused]) -> None:
    done.accepted += len(documents)
    done.refused += len(refused)
    done.first += refused[: max(0, KEPT - len(done.first))]
    for record in refused:
        for place in {(problem.rule, problem.path) for problem in record.errors}:
            done.rules[place] = done.rules.get(place, 0) + 1


def _say(done: ImportedDocuments) -> None:
    facts = {"source": done.source, "schema": done.schema}
    if done.accepted:
        log(LOG_DOCUMENTS_IMPORTED, **facts, documents=done.accepted)
    if done.refused:
        log(LOG_DOCUMENTS_REFUSED, **facts, records=done.refused)
