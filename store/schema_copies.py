"""Schemas travel with the steps: what one node of a network folder registers, the others can resolve.

Each change of a registry is an event; those made on this node are carried in their order (`schema_relay`), a new
version with its document. The other node enters them as they were, with who and when: what was recorded names them, so
they are not judged a second time. Changes that came from elsewhere are not carried on. Events may come twice, and in
any order among nodes:

    add       nothing, where the version is there; where it has other content, ours stays and the history says so
    retire, restore, mode    where nothing later is known
    purge     the version is retired here: something may name it
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

from cornerman.core.schema import parse
from cornerman.core.schema.admission import Rules

from . import schema_rows as rows
from .schema_rows import Change

Query = Callable[..., list[Any]]


def enter(connection: apsw.Connection, row: dict[str, Any], host: str) -> None:
    """A change that another node made. Inside the caller's transaction."""
    change = Change(row["at_us"], row["who"], row["note"], row["git_commit"], host)
    query = rows.reader(connection)
    if row["action"] == "add":
        _add(connection, query, row, change)
    elif row["action"] == "mode":
        before = rows.moment(query, row["schema"]).rules
        after = Rules(*row["after"].split(" "))
        if before is not None and before != after and not _later(query, row, "mode"):
            rows.set_rules(connection, row["schema"], before, after, change)
    elif row["action"] == "approve":
        if not query(_SAME, (row["schema"], row["version"], row["at_us"], row["who"])):
            rows.record(connection, "approve", row["schema"], row["version"], None, row["after"], change)
    elif row["action"] in ("retire", "restore", "purge"):
        retired = row["action"] != "restore"
        for entry in rows.versions(query, row["schema"]):
            if entry.version == row["version"] and entry.retired != retired and not _later(query, row):
                rows.set_retired(connection, entry, retired, change)


def _add(connection: apsw.Connection, query: Query, row: dict[str, Any], change: Change) -> None:
    known = {entry.version: entry.digest for entry in rows.versions(query, row["schema"])}
    ours = known.get(row["version"])
    if ours is None:
        document = parse(row["content"], id=row["schema"], version=row["version"])
        rows.insert(connection, document, Rules(*row["rules"]), change)
    elif ours != row["after"] and not query(_CONFLICT, (row["schema"], row["version"], row["after"])):
        rows.record(connection, "conflict", row["schema"], row["version"], ours, row["after"], change)


_SAME = "select 1 from schema_event where action = 'approve' and schema = ? and version = ? and at_us = ? and who = ?"
_CONFLICT = "select 1 from schema_event where action = 'conflict' and schema = ? and version = ? and after = ?"


def _later(query: Query, row: dict[str, Any], action: str = "") -> bool:
    """Whether something later is known of the version, or of the id's mode."""
    asked = "select 1 from schema_event where schema = ?1 and at_us > ?2 and coalesce(version, '') = ?3"
    mode = " and action = 'mode'" if action else ""
    return bool(query(asked + mode, (row["schema"], row["at_us"], row["version"] or "")))
