"""The rows of the registry: every SQL statement about schemas, and nothing that decides."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import apsw

from cornerman.core.schema import SchemaDocument
from cornerman.core.schema.admission import Known, Rules
from cornerman.core.schema.entries import SchemaEntry, SchemaEvent, VersionEntry
from cornerman.core.schema.references import references

FIRST_FORMAT = 4
"""The format of the store that brought these tables."""

Query = Callable[..., list[Any]]
"""All rows of a statement."""

_VERSIONS = (
    "select schema, major || '.' || minor || '.' || patch, digest, registered_us, who, note, git_commit, retired_us"
    " from schema_version"
)
_ENTRIES = """
select s.id,
    (select json_extract(v.content, '$.title') from schema_version v where v.schema = s.id
        order by v.major desc, v.minor desc, v.patch desc limit 1),
    (select v.major || '.' || v.minor || '.' || v.patch from schema_version v
        where v.schema = s.id and v.retired_us is null order by v.major desc, v.minor desc, v.patch desc limit 1),
    (select count(*) from schema_version v where v.schema = s.id),
    (select count(*) from schema_version v where v.schema = s.id and v.retired_us is not null),
    s.mode, s.policy,
    (select max(at_us) from schema_event e where e.schema = s.id)
from schema s order by s.id"""


class Change(NamedTuple):
    """Who changes the registry, when and why: what its history records."""

    at_us: int
    who: str
    note: str = ""
    commit: str | None = None
    origin: str | None = None
    """The node from which it came by a network folder; None for this one."""


class Moment(NamedTuple):
    """What the registry held of one id when it was looked at."""

    rules: Rules | None
    """None: there is no such id."""
    known: tuple[Known, ...]
    mark: int
    """The last event of the id: another one means that somebody was faster."""


def reader(connection: apsw.Connection) -> Query:
    """Rows as a connection that writes sees them."""
    return lambda statement, bindings=(): connection.execute(statement, bindings).fetchall()


def has_tables(query: Query) -> bool:
    """Whether the store was made, or opened for writing, by a version that knows schemas."""
    return int(query("pragma user_version")[0][0]) >= FIRST_FORMAT


def moment(query: Query, schema_id: str) -> Moment:
    """The id's rules and versions, and the mark that tells whether they still are: read first, lest it is too new."""
    mark = last_event(query, schema_id)
    rules = query("select mode, policy from schema where id = ?", (schema_id,))
    known = tuple(Known(entry.version, entry.digest, entry.retired) for entry in versions(query, schema_id))
    return Moment(Rules(*rules[0]) if rules else None, known, mark)


def last_event(query: Query, schema_id: str) -> int:
    return int(query("select coalesce(max(id), 0) from schema_event where schema = ?", (schema_id,))[0][0])


def entries(query: Query) -> list[SchemaEntry]:
    """Every id, by name."""
    return [
        SchemaEntry(
            name, title if isinstance(title, str) else "", latest, count, retired, Rules(mode, policy), at_us or 0
        )
        for name, title, latest, count, retired, mode, policy, at_us in query(_ENTRIES)
    ]


def versions(query: Query, schema_id: str) -> list[VersionEntry]:
    """The versions of an id, the lowest first."""
    rows = query(f"{_VERSIONS} where schema = ? order by major, minor, patch", (schema_id,))
    return [VersionEntry(*row) for row in rows]


def latest(query: Query, schema_id: str) -> str | None:
    """The highest version in force, by one look-up however many there are."""
    rows = query(
        "select major || '.' || minor || '.' || patch from schema_version where schema = ? and retired_us is null"
        " order by major desc, minor desc, patch desc limit 1",
        (schema_id,),
    )
    return str(rows[0][0]) if rows else None


def content(query: Query, schema_id: str, version: str) -> dict[str, Any] | None:
    """A version's document as it was given."""
    rows = query(
        "select content from schema_version where schema = ? and major = ? and minor = ? and patch = ?",
        (schema_id, *numbers(version)),
    )
    return dict(json.loads(rows[0][0])) if rows else None


def events(query: Query, schema_id: str | None) -> list[SchemaEvent]:
    """The history, the oldest first; of one id, or of all."""
    rows = query(
        "select at_us, who, action, schema, version, before, after, note, git_commit from schema_event"
        " where ?1 is null or schema = ?1 order by id",
        (schema_id,),
    )
    return [SchemaEvent(*row) for row in rows]


def insert(connection: apsw.Connection, document: SchemaDocument, rules: Rules, change: Change) -> None:
    """A new version, and its id where that is new."""
    connection.execute(
        "insert into schema (id, mode, policy, created_us) values (?, ?, ?, ?) on conflict do nothing",
        (document.id, *rules, change.at_us),
    )
    text = json.dumps(document.content, ensure_ascii=False)
    facts = (document.digest, change.at_us, change.who, change.note, change.commit)
    connection.execute(
        "insert into schema_version"
        " (schema, major, minor, patch, content, digest, registered_us, who, note, git_commit)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (document.id, *numbers(document.version), text, *facts),
    )
    record(connection, "add", document.id, document.version, None, document.digest, change)


def set_retired(connection: apsw.Connection, entry: VersionEntry, retired: bool, change: Change) -> None:
    connection.execute(
        "update schema_version set retired_us = ? where schema = ? and major = ? and minor = ? and patch = ?",
        (change.at_us if retired else None, entry.id, *numbers(entry.version)),
    )
    before, after = (entry.digest, None) if retired else (None, entry.digest)
    record(connection, "retire" if retired else "restore", entry.id, entry.version, before, after, change)


_USERS = (
    ("judged steps of {} streams", "select count(*) from judged j join step_schema s on s.id = j.step_schema"
        " where s.pin = ?1"),
    ("{} chunks of steps", "select count(*) from chunk c join step_schema s on s.id = c.step_schema where s.pin = ?1"),
    ("{} records in quarantine", "select count(*) from quarantine where schema = ?1"),
    ("{} imports", "select count(*) from document_import where schema_id || '@' || version = ?1"),
    ("{} rules of enforcement", "select count(*) from enforcement_rule where schema = ?1 or (schema = ?2 and"
        " (select count(*) from schema_version where schema = ?2) = 1)"),
)  # fmt: skip
"""What may name a version, and how to count it."""


def users(connection: apsw.Connection, entry: VersionEntry) -> list[str]:
    """What names a version, in words; empty where nothing does."""
    found = []
    for words, statement in _USERS:
        bindings = (entry.pin, entry.id) if "?2" in statement else (entry.pin,)
        count = connection.execute(statement, bindings).fetchall()[0][0]
        if count:
            found.append(words.format(f"{count:,}"))
    for name, version, text in connection.execute(
        "select schema, major || '.' || minor || '.' || patch, content from schema_version"
    ):
        if f"{name}@{version}" != entry.pin and entry.pin in references(json.loads(text)):
            found.append(f"{name}@{version}")
    return found


def purge(connection: apsw.Connection, entry: VersionEntry, change: Change) -> None:
    """Take a version out, and its id with the last one."""
    where = (entry.id, *numbers(entry.version))
    of_it = "where schema = ? and major = ? and minor = ? and patch = ?"
    connection.execute(f"update schema_version set retired_us = ? {of_it}", (change.at_us, *where))
    connection.execute(f"delete from schema_version {of_it}", where)
    connection.execute(
        "delete from schema where id = ?1 and not exists (select 1 from schema_version where schema = ?1)", (entry.id,)
    )
    record(connection, "purge", entry.id, entry.version, entry.digest, None, change)


def set_rules(connection: apsw.Connection, schema_id: str, before: Rules, after: Rules, change: Change) -> None:
    connection.execute("update schema set mode = ?, policy = ? where id = ?", (*after, schema_id))
    record(connection, "mode", schema_id, None, " ".join(before), " ".join(after), change)


def numbers(version: str) -> tuple[int, ...]:
    """MAJOR, MINOR and PATCH."""
    return tuple(map(int, version.split(".")))


def record(
    connection: apsw.Connection,
    action: str,
    schema_id: str,
    version: str | None,
    before: str | None,
    after: str | None,
    change: Change,
) -> None:
    """A line of the history."""
    connection.execute(
        "insert into schema_event (at_us, who, action, schema, version, before, after, note, git_commit, origin)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            change.at_us,
            change.who,
            action,
            schema_id,
            version,
            before,
            after,
            change.note,
            change.commit,
            change.origin,
        ),
    )
