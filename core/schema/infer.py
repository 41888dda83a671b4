"""Proposing a schema for data that nobody described: what was seen, what it suggests, and how sure that is.

    proposal = infer_file("ticks.csv", id="ticks_v1")
    proposal.content            a draft-07 document with an Arrow block, ready to be read over and registered
    proposal.fields             for each field the evidence: counts, types, nulls, range, values, formats, doubts

The proposal accepts every record that it was drawn from, and is the same each time. It stays open where data only
suggests: a range, a list of values, no further properties. `tight=True` writes those down too.

Records are taken in columns, a batch at a time: what is kept is counts, never data. So a file of any size is read
in the memory of one batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cornerman.core.errors import InvalidSchema

from .cell_column import CellColumn
from .data_files import DataFile, Record
from .document import DRAFT_07, SchemaDocument, parse
from .evidence import FieldEvidence
from .value_node import Budget, ValueNode

BATCH = 512
BATCH_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A drafted document and why it looks as it does."""

    content: dict[str, Any]
    fields: tuple[FieldEvidence, ...]
    records: int
    """How many it was drawn from."""
    unreadable: int
    """Lines that are no record; they say nothing about the schema."""
    first_unreadable: tuple[str, ...]
    notes: tuple[str, ...]
    """What a reader of the proposal should know as a whole."""

    def document(self) -> SchemaDocument:
        """The proposal as a checked document. Raises InvalidSchema, which would be a fault of ours."""
        return parse(self.content)


def infer(records: Iterable[Any], *, id: str = "inferred", version: str = "1.0.0", tight: bool = False) -> Proposal:
    """Propose a schema that accepts every one of `records`: JSON values, as dicts, lists, texts, numbers, None.

    Raises InvalidOption for a value that JSON does not have.
    """
    root, source = ValueNode(Budget()), iter(records)
    while batch := list(islice(source, BATCH)):
        root.take(batch)
    return _from_values(root, id, version, tight, _Unreadable())


def infer_file(
    path: Path | str,
    *,
    id: str,
    version: str = "1.0.0",
    tight: bool = False,
    format: str | None = None,
    delimiter: str | None = None,
    limit: int | None = None,
) -> Proposal:
    """Propose a schema for a file of JSON lines or CSV, gzip or not; `-` is standard input; of the first `limit` only.

    The cells of CSV are read as `cells.CellTypes` reads them under the proposed schema. Raises InvalidOption.
    """
    unreadable = _Unreadable()
    with DataFile(path, format, delimiter) as file:
        batches = _batches(islice(file.records(), limit), unreadable)
        if file.format == "csv":
            columns = {name: CellColumn() for name in file.columns}
            for batch in batches:
                for name, column in columns.items():
                    column.take([row[name] for row in batch])
            return _from_cells(columns, id, version, tight, unreadable)
        root = ValueNode(Budget())
        for batch in batches:
            root.take(batch)
        return _from_values(root, id, version, tight, unreadable)


class _Unreadable:
    """Lines that are no record: counted, the first few kept."""

    def __init__(self) -> None:
        self.count = 0
        self.first: list[str] = []

    def add(self, record: Record) -> None:
        self.count += 1
        if len(self.first) < 5:
            self.first.append(f"line {record.line}: {record.error}")


def _batches(records: Iterable[Record], unreadable: _Unreadable) -> Iterator[list[Any]]:
    """The values, as many at a time as fit a few megabytes."""
    batch: list[Any] = []
    size = 0
    for record in records:
        if record.error:
            unreadable.add(record)
            continue
        batch.append(record.value)
        size += len(record.raw)
        if len(batch) == BATCH or size > BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _from_values(root: ValueNode, id: str, version: str, tight: bool, unreadable: _Unreadable) -> Proposal:
    root.settle()
    fields = root.evidence("", root.total, tight)
    schema = root.schema(tight)
    arrow = root.arrow_fields() if root.types() == ["object"] else None
    return _proposal(id, version, schema, arrow, fields, root.total, unreadable)


def _from_cells(
    columns: dict[str, CellColumn], id: str, version: str, tight: bool, unreadable: _Unreadable
) -> Proposal:
    fields = [column.evidence(name, tight) for name, column in columns.items()]
    properties = {name: column.schema(tight) for name, column in columns.items()}
    required = [name for name, schema in properties.items() if schema]  # an empty cell of any type is left out
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema |= {"required": required} if required else {}
    schema |= {"additionalProperties": False} if tight else {}
    arrow: list[dict[str, Any]] | None = []
    for name, column in columns.items():
        kind = column.arrow()
        arrow = None if kind is None or arrow is None else [*arrow, _field(name, kind, column.nullable())]
    records = max((evidence.present for evidence in fields), default=0)
    return _proposal(id, version, schema, arrow, fields, records, unreadable)


def _field(name: str, kind: dict[str, Any], nullable: bool) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": nullable}


def _proposal(
    id: str,
    version: str,
    schema: dict[str, Any],
    arrow: list[dict[str, Any]] | None,
    fields: list[FieldEvidence],
    records: int,
    unreadable: _Unreadable,
) -> Proposal:
    content = {"id": id, "schema_version": f"{DRAFT_07}#", "version": version, **schema}
    notes = [f"{unreadable.count:,} lines are no record and say nothing here"] * bool(unreadable.count)
    notes += ["no record was seen: the proposal allows anything"] * (not records)
    blocked = [each.path for each in fields if _without_arrow(each)]
    if arrow:
        content["arrow"] = {"fields": arrow}
        try:
            parse(content)
        except InvalidSchema:
            del content["arrow"]
            arrow = None
    if not arrow:
        why = f": {', '.join(blocked[:5])} cannot be a column" if blocked else ""
        notes.append(f"no Arrow block{why}")
    return Proposal(content, tuple(fields), records, unreadable.count, tuple(unreadable.first), tuple(notes))


def _without_arrow(field: FieldEvidence) -> bool:
    """Whether the field alone keeps the records from being an Arrow table."""
    types = [name for name in field.types if name != "null"]
    mixed = len(types) > 1 and set(types) != {"integer", "number"} and isinstance(field.schema.get("type"), list)
    return mixed or any("beyond 64 bits" in doubt or "read as a map" in doubt for doubt in field.doubts)
