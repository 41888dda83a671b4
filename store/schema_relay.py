"""What of the registry is still to be carried to a network folder: changes that were made on this node, in their order.

Recordings look here every few seconds, so nothing of the registry itself is loaded. Cornerman's own schemas are in
every store, and what came from another node was carried by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import apsw

from .own_schemas import WHO

Query = Callable[..., list[Any]]
KIND = "schema"
FIRST_FORMAT = 8
_FIELDS = ("at_us", "who", "action", "schema", "version", "before", "after", "note", "git_commit")
_CONTENT = (
    "select v.content, s.mode, s.policy from schema_version v join schema s on s.id = v.schema"
    " where v.schema = ? and v.major || '.' || v.minor || '.' || v.patch = ?"
)


def unsent(query: Query, sink: str) -> tuple[list[dict[str, Any]], int]:
    """The rows that are still to be carried, and the event that will have been the last; 0 where there is nothing."""
    if int(query("pragma user_version")[0][0]) < FIRST_FORMAT:
        return [], 0
    found = query(
        f"select id, {', '.join(_FIELDS)} from schema_event where origin is null and who <> ? and action <> 'conflict'"
        " and id > coalesce((select event from schema_relay where sink = ?), 0) order by id",
        (WHO, sink),
    )
    carried = (_row(query, dict(zip(_FIELDS, event, strict=True))) for _, *event in found)
    return [row for row in carried if row is not None], found[-1][0] if found else 0


def _row(query: Query, event: dict[str, Any]) -> dict[str, Any] | None:
    row = {"kind": KIND, **event}
    if event["action"] == "add":
        found = query(_CONTENT, (event["schema"], event["version"]))
        if not found:  # purged since
            return None
        row["content"], row["rules"] = json.loads(found[0][0]), list(found[0][1:])
    return row


def remember(connection: apsw.Connection, sink: str, event: int) -> None:
    connection.execute("insert or replace into schema_relay values (?, ?)", (sink, event))


def notices(query: Query) -> tuple[str, ...]:
    """Versions that two nodes registered with different content."""
    if int(query("pragma user_version")[0][0]) < FIRST_FORMAT:
        return ()
    found = query("select distinct schema, version, origin from schema_event where action = 'conflict'")
    return tuple(
        f"{schema}@{version} was registered on {host} with other content: here the one of this node holds."
        " Give one of the two another version."
        for schema, version, host in found
    )
