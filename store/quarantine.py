"""The quarantine of a store: what schemas refused, kept whole until somebody decides.

    with cornerman.open_store() as store:
        for group in store.quarantine.groups():
            print(group.records, group.schema, group.path, group.rule)
        store.quarantine.retry(schema="telemetry.step@1.3.0")
        store.quarantine.edit(Selection(rule="type", path="/size"), "convert /size integer")

Steps get here in the transaction that seals the steps beside them; what an import refuses comes by `add`. A record is
`held` until it is `accepted` (a schema allows it now, perhaps another version, perhaps after a change) or `discarded`.
Nothing is deleted but with its run: a record stays here as it came, with every reason against it; what was made of it
is beside it. An accepted step stays here with its values, its row in the stream stays withheld.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import apsw

from cornerman.core import values
from cornerman.core.errors import InvalidOption, NotFound
from cornerman.core.schema import Problem
from cornerman.core.schema.edits import Edit, NotEditable, edited, parse_edits, written
from cornerman.core.schema.refused import (
    STEP,
    Admitted,
    ErrorGroup,
    Quarantined,
    RecordEdit,
    Refused,
    State,
    document_of,
    edited_media,
    step_bytes,
)

from .connection import connect, transaction, translated
from .refused_judge import RefusedJudge
from .who import who

if TYPE_CHECKING:
    from .schemas import SchemaRegistry

FIRST_FORMAT = 5
FIRST_WITH_EDITS = 8
PAGE = 500
PREVIEWS = 20
"""Records of which an edit shows what it makes of them."""
Query = Callable[..., list[Any]]


class Selection(NamedTuple):
    """Which records: those that match all that is given."""

    ids: Sequence[int] = ()
    schema: str = ""
    """`id@1.2.0`, or `id` for all its versions."""
    path: str = ""
    """Of an error, such as `/observation/0`; `/` is the record itself, as lists show it."""
    rule: str = ""
    run_id: str = ""
    state: State | None = "held"


class Preview(NamedTuple):
    """What an edit makes of a record, both as JSON."""

    record: int
    before: Any
    after: Any


class Retried(NamedTuple):
    """What a retry or an edit came to: which records are accepted, and why the others are still refused."""

    accepted: tuple[int, ...]
    refused: dict[int, tuple[Problem, ...]]
    previews: tuple[Preview, ...] = ()
    """Of an edit: its first records, the accepted and the refused."""


@dataclass
class _Tried:
    """What of the records is allowed now, after a change or as they are, and why the others are not."""

    made: list[Admitted] = field(default_factory=list)
    refused: dict[int, tuple[Problem, ...]] = field(default_factory=dict)
    previews: list[Preview] = field(default_factory=list)

    def told(self) -> Retried:
        return Retried(tuple(each.record.id for each in self.made), self.refused, tuple(self.previews))


def insert(
    connection: apsw.Connection, records: Iterable[Refused], *, source: str, schema: str,
    run_id: str | None = None, stream: int | None = None,
) -> int:  # fmt: skip
    """Put records into quarantine, inside the caller's transaction; how many were new. A step comes here once."""
    now, before = time.time_ns() // 1000, connection.total_changes()
    connection.executemany(
        "insert into quarantine (at_us, source, place, schema, errors, media, raw, run_id, stream, row, t, env,"
        " state, changed_us, changed_by, note) values (?,?,?,?,?,?,?,?,?,?,?,?,'held',?,'','') on conflict do nothing",
        (
            (now, source, item.place, schema, _errors_text(item.errors), item.media, item.raw, run_id, stream,
             item.row, item.t, item.env, now)
            for item in records
        ),
    )  # fmt: skip
    return int(connection.total_changes() - before)


class Quarantine:
    """The quarantine of one store. Usable from any thread."""

    def __init__(self, path: Path, query: Query, schemas: SchemaRegistry) -> None:
        self._path, self._query, self._schemas = path, query, schemas

    def add(self, records: Iterable[Refused], *, source: str, schema: str) -> int:
        """Put what an import refused into quarantine, all or nothing; how many records that was."""
        return self._write(lambda connection: insert(connection, records, source=source, schema=schema))

    def count(self, selection: Selection = Selection()) -> int:  # noqa: B008
        where, bindings = _where(selection)
        return int(self._rows(f"select count(*) from quarantine q where {where}", bindings)[0][0]) if self._there else 0

    def list(
        self, selection: Selection = Selection(), *, limit: int = 100, offset: int = 0  # noqa: B008
    ) -> Sequence[Quarantined]:  # fmt: skip
        """Records, the newest first."""
        where, bindings = _where(selection)
        statement = f"select {self._fields} from quarantine q where {where} order by id desc limit ? offset ?"
        return [_record(row) for row in self._rows(statement, (*bindings, limit, offset))]

    def each(self, selection: Selection = Selection()) -> Iterator[Quarantined]:  # noqa: B008
        """All of them, the oldest first, however many there are."""
        where, bindings = _where(selection)
        after = 0
        while rows := self._rows(
            f"select {self._fields} from quarantine q where {where} and id > ? order by id limit {PAGE}",
            (*bindings, after),
        ):
            yield from map(_record, rows)
            after = rows[-1][0]

    def get(self, number: int) -> Quarantined:
        """One record; NotFound where there is none."""
        found = self.list(Selection((number,), state=None), limit=1)
        if not found:
            raise NotFound(f"There is no record {number} in quarantine.", "`cornerman quarantine list` shows them.")
        return found[0]

    def groups(self, selection: Selection = Selection()) -> Sequence[ErrorGroup]:  # noqa: B008
        """By schema and error, the largest first."""
        where, bindings = _where(selection)
        rows = self._rows(_GROUPS.format(where=where), bindings)
        return [ErrorGroup._make(row) for row in rows]

    def edits(self, number: int) -> Sequence[RecordEdit]:
        """What was made of a record, by whom and when, the oldest first."""
        if not self._has_edits:
            return []
        fields = ", ".join(RecordEdit._fields)
        rows = self._rows(f"select {fields} from quarantine_edit where record = ? order by id", (number,))
        return [RecordEdit._make(row) for row in rows]

    def retry(
        self, selection: Selection = Selection(), *, schema: str = "", note: str = "", dry_run: bool = False,  # noqa: B008
        accept: Callable[[Sequence[Quarantined]], None] | None = None,
    ) -> Retried:  # fmt: skip
        """Judge records again, by `schema` or else by the newest version of the one that refused them.

        Those that are allowed now become accepted, in one transaction, and what an import refused is stored with its
        other documents; `accept` is called before that commits, and where it raises nothing is changed. NotFound for a
        schema that is not registered.
        """
        tried = self._judged(selection, schema, None)
        if tried.made and not dry_run:
            self._accept(tried.made, note or f"allowed by {schema or 'the newest version'}", "", accept)
        return tried.told()

    def edit(
        self, selection: Selection, change: str | Sequence[Edit], *, schema: str = "", note: str = "",
        dry_run: bool = False,
    ) -> Retried:  # fmt: skip
        """Change records by rules (see `core.schema.edits`) and accept those that a schema allows then.

        A record that is refused still, or of which a change cannot be made, stays as it is. What came stays beside
        what was made of it. With `dry_run` nothing is changed; `previews` show the first records. InvalidOption for
        what says no change, NotFound for a schema that is not registered.
        """
        edits = parse_edits(change) if isinstance(change, str) else list(change)
        return self._edit(selection, lambda value: edited(value, edits), "; ".join(map(str, edits)),
                          schema, note, dry_run)  # fmt: skip

    def rewrite(
        self, number: int, document: Any, *, schema: str = "", note: str = "", dry_run: bool = False
    ) -> Retried:
        """The same for one record that was written anew as a JSON document. The values of a step keep their types."""
        self.get(number)
        return self._edit(
            Selection((number,)), lambda value: written(value, document), "written anew", schema, note, dry_run
        )

    def _edit(
        self, selection: Selection, change: Callable[[Any], Any], what: str, schema: str, note: str, dry_run: bool
    ) -> Retried:
        if selection.state != "held":
            raise InvalidOption("Only what is held can be edited.", "`cornerman quarantine list` shows what is held.")
        tried = self._judged(selection, schema, change)
        if tried.made and not dry_run:
            self._accept(tried.made, note or what, what)
        return tried.told()

    def _judged(self, selection: Selection, schema: str, change: Callable[[Any], Any] | None) -> _Tried:
        judge, tried = RefusedJudge(self._schemas, self._rows, schema), _Tried()
        for record in self.each(selection):
            content, media = record.raw, record.media
            if change is not None:
                try:
                    content, media = _changed(record, change), edited_media(record.media)
                except NotEditable as error:
                    tried.refused[record.id] = (error.problem,)
                    continue
                if len(tried.previews) < PREVIEWS:
                    tried.previews.append(Preview(record.id, record.document(), document_of(content, media)))
            reasons = judge.problems(record.schema, content, media)
            if reasons:
                tried.refused[record.id] = reasons
            else:
                tried.made.append(Admitted(record, judge.pin(record.schema), content))
        return tried

    def _accept(
        self,
        made: Sequence[Admitted],
        note: str,
        what: str,
        accept: Callable[[Sequence[Quarantined]], None] | None = None,
    ) -> None:
        """In one transaction: they are accepted, `what` was made of them is kept, imported ones are documents now."""
        from .documents import readmit  # which puts refused records here, and so imports this

        def change(connection: apsw.Connection) -> int:
            done = self._set(connection, [each.record.id for each in made], "accepted", note)
            if what:
                _keep_edits(connection, made, what, note)
            readmit(connection, [each for each in made if each.record.stream_id is None])
            if accept is not None:
                accept([each.record for each in made])
            return done

        self._write(change)

    def discard(self, selection: Selection, *, note: str = "") -> int:
        """Say that records are not wanted; how many. They can still be shown and exported with `state`."""
        ids = [record.id for record in self.each(selection)]
        return self._write(lambda connection: self._set(connection, ids, "discarded", note))

    @property
    def _there(self) -> bool:
        return self._format >= FIRST_FORMAT

    @property
    def _has_edits(self) -> bool:
        return self._format >= FIRST_WITH_EDITS

    @property
    def _format(self) -> int:
        return int(self._query("pragma user_version")[0][0])

    @property
    def _fields(self) -> str:
        return _FIELDS + (_EDITED if self._has_edits else ", null")

    def _rows(self, statement: str, bindings: tuple[Any, ...]) -> Sequence[Any]:
        return self._query(statement, bindings) if self._there else []

    def _set(self, connection: apsw.Connection, ids: Sequence[int], state: State, note: str) -> int:
        now, name = time.time_ns() // 1000, who()
        connection.executemany(
            "update quarantine set state = ?, changed_us = ?, changed_by = ?, note = ? where id = ?",
            ((state, now, name, note, number) for number in ids),
        )
        return len(ids)

    def _write(self, change: Callable[[apsw.Connection], int]) -> int:
        with translated(self._path):
            connection = connect(self._path, write=True)
            try:
                with transaction(connection):
                    return change(connection)
            finally:
                connection.close()


_FIELDS = (
    "id, at_us, source, place, schema, errors, media, raw, run_id, stream, row, t, env, state, changed_us, changed_by,"
    " note"
)
_EDITED = ", (select e.raw from quarantine_edit e where e.record = q.id order by e.id desc limit 1)"
_GROUPS = """
with error as (
    select q.id, q.schema, q.at_us, json_extract(e.value, '$[0]') as path, json_extract(e.value, '$[1]') as rule,
        json_extract(e.value, '$[2]') as expected, json_extract(e.value, '$[3]') as got
    from quarantine q, json_each(q.errors) e where {where}),
kind as (
    select schema, path, rule, count(distinct id) as records, min(at_us) as first_us, max(at_us) as last_us,
        min(id) as example from error group by schema, path, rule)
select k.schema, k.path, k.rule, max(e.expected), k.records, k.first_us, k.last_us, k.example, max(e.got)
from kind k join error e on e.id = k.example and e.schema = k.schema and e.path = k.path and e.rule = k.rule
group by k.schema, k.path, k.rule order by k.records desc, k.schema, k.path, k.rule"""


def _changed(record: Quarantined, change: Callable[[Any], Any]) -> bytes:
    """The bytes of what a change makes of a record. Raises NotEditable."""
    if record.media == STEP:
        return step_bytes(change(values.decode(record.raw)))
    return json.dumps(change(record.document()), ensure_ascii=False).encode()


def _keep_edits(connection: apsw.Connection, made: Iterable[Admitted], what: str, note: str) -> None:
    now, name = time.time_ns() // 1000, who()
    connection.executemany(
        "insert into quarantine_edit (record, at_us, who, what, note, schema, raw) values (?,?,?,?,?,?,?)",
        ((each.record.id, now, name, what, "" if note == what else note, each.pin, each.content) for each in made),
    )


def _where(selection: Selection) -> tuple[str, tuple[Any, ...]]:
    parts: list[str] = ["true"]
    bindings: list[Any] = []
    if selection.ids:
        parts.append(f"q.id in ({', '.join('?' * len(selection.ids))})")
        bindings += [number if abs(number) < 1 << 63 else 0 for number in selection.ids]  # there is no record 0
    if selection.state is not None:
        parts.append("q.state = ?")
        bindings.append(selection.state)
    if selection.schema:
        exact = "@" in selection.schema
        parts.append("q.schema = ?" if exact else "substr(q.schema, 1, ?) = ?")
        bindings += [selection.schema] if exact else [len(selection.schema) + 1, selection.schema + "@"]
    if selection.run_id:
        parts.append("q.run_id = ?")
        bindings.append(selection.run_id)
    for place, wanted in ((0, selection.path), (1, selection.rule)):
        if wanted:
            parts.append(f"exists (select 1 from json_each(q.errors) w where json_extract(w.value, '$[{place}]') = ?)")
            bindings.append("" if wanted == "/" else wanted)
    return " and ".join(parts), tuple(bindings)


def _errors_text(errors: Iterable[Problem]) -> str:
    return json.dumps([[each.path, each.rule, each.expected, each.got, each.message] for each in errors])


def _record(row: Sequence[Any]) -> Quarantined:
    errors = tuple(Problem(*each) for each in json.loads(row[5]))
    return Quarantined._make([*row[:5], errors, *row[6:]])
