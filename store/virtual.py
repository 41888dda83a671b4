"""A SQLite virtual table out of batches of columns: the part that knows APSW and nothing about steps.

SQLite asks for one value at a time. What it costs is the calls (about a third of a microsecond a row), so a batch
makes each column it is asked for a Python list, once, and a cursor only indexes lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias, cast

import apsw

Values: TypeAlias = "list[Any]"

_OPERATORS = {
    apsw.SQLITE_INDEX_CONSTRAINT_EQ: "=",
    apsw.SQLITE_INDEX_CONSTRAINT_LT: "<",
    apsw.SQLITE_INDEX_CONSTRAINT_LE: "<=",
    apsw.SQLITE_INDEX_CONSTRAINT_GT: ">",
    apsw.SQLITE_INDEX_CONSTRAINT_GE: ">=",
}


class Wanted(NamedTuple):
    """A constraint of a query that a table may use to read less; SQLite applies it again to what it gets."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True, slots=True)
class Batch:
    """Some rows: how many, and a function that gives a column of them as a list."""

    count: int
    column: Callable[[str], Values]


def only(wanted: list[Wanted], column: str) -> Any:
    """The one value that a query wants of a column; None where it may be any."""
    return next((item.value for item in wanted if item.column == column and item.operator == "="), None)


Order: TypeAlias = tuple[str, bool]
"""A column, and whether its greatest values come first."""
Read: TypeAlias = Callable[[list[Wanted], Order | None], Iterator[Batch]]


class BatchTable:
    """One virtual table: its columns, those that `read` uses as constraints, `read`, and what it can sort by."""

    def __init__(
        self, columns: tuple[str, ...], constrainable: Set[str], read: Read, orders: Set[Order] = frozenset()
    ) -> None:
        self.columns, self.constrainable, self.read, self.orders = columns, constrainable, read, orders

    def register(self, connection: apsw.Connection, name: str) -> None:
        connection.create_module(name, cast(Any, self), use_bestindex_object=True, eponymous_only=True, read_only=True)

    def Connect(self, *_: Any) -> tuple[str, BatchTable]:
        columns = ", ".join(f'"{column}"' for column in self.columns)
        return f"create table ignored({columns})", self

    Create = Connect

    def BestIndexObject(self, info: apsw.IndexInfo) -> bool:
        """Take every constraint that `read` can use. What is fixed by `=` makes the plan cheaper than a range does."""
        used, cost = [], 1e9
        for index in range(info.nConstraint):
            column = info.get_aConstraint_iColumn(index)
            operator = _OPERATORS.get(info.get_aConstraint_op(index))
            if column < 0 or operator is None or not info.get_aConstraint_usable(index):
                continue
            name = self.columns[column]
            if name in self.constrainable:
                used.append(f"{name} {operator}")
                info.set_aConstraintUsage_argvIndex(index, len(used))
                cost /= 1000 if operator == "=" else 4
        order = self._order(info)
        info.orderByConsumed = order is not None
        info.idxStr = ",".join([*used, *([f"{order[0]} {'desc' if order[1] else 'asc'}"] if order else [])])
        info.estimatedCost = max(cost, 1.0)
        info.estimatedRows = int(max(cost, 1.0))
        return True

    def _order(self, info: apsw.IndexInfo) -> Order | None:
        """What the query is sorted by, where `read` can give the rows in that order."""
        if info.nOrderBy != 1 or info.get_aOrderBy_iColumn(0) < 0:
            return None
        order = self.columns[info.get_aOrderBy_iColumn(0)], info.get_aOrderBy_desc(0)
        return order if order in self.orders else None

    def Open(self) -> BatchCursor:
        return BatchCursor(self)

    def Disconnect(self) -> None:
        """Nothing is held."""

    Destroy = Disconnect


class BatchCursor:
    """One pass over a table. The names are SQLite's."""

    __slots__ = ("_at", "_batch", "_batches", "_columns", "_count", "_done", "_names", "_read", "_rowid")

    def __init__(self, table: BatchTable) -> None:
        self._names, self._read = table.columns, table.read
        self._batches: Iterator[Batch] = iter(())
        self._columns: list[Values | None] = []
        self._at = self._count = self._rowid = 0
        self._done = False
        self._batch: Batch | None = None

    def Filter(self, _: int, index: str | None, values: tuple[Any, ...] | None) -> None:
        used = [item.split(" ") for item in (index or "").split(",") if item]
        order = (used[-1][0], used.pop()[1] == "desc") if used and used[-1][1] in ("asc", "desc") else None
        wanted = [Wanted(name, operator, value) for (name, operator), value in zip(used, values or (), strict=True)]
        self._batches = self._read(wanted, order)
        self._rowid, self._done = 0, False
        self._advance()

    def Next(self) -> None:
        self._at += 1
        if self._at == self._count:
            self._advance()

    def Eof(self) -> bool:
        return self._done

    def Column(self, number: int) -> Any:
        if number < 0:
            return self.Rowid()
        column = self._columns[number]
        if column is None:
            assert self._batch is not None
            column = self._columns[number] = self._batch.column(self._names[number])
        return column[self._at]

    def Rowid(self) -> int:
        return self._rowid + self._at

    def Close(self) -> None:
        self._batches, self._batch, self._columns = iter(()), None, []

    def _advance(self) -> None:
        """Go to the next batch that has rows."""
        self._rowid += self._count
        self._at = self._count = 0
        for batch in self._batches:
            if batch.count:
                self._batch, self._count = batch, batch.count
                self._columns = [None] * len(self._names)
                return
        self._done = True
