"""What schemas said of a stream travels with its steps: the counts so far, and each broken rule with its first example.

Counts only grow, so a row that comes twice, or late, changes nothing. What was refused stays in the quarantine of the
node that recorded: there it is mended, and its values are in no copy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import apsw

Query = Callable[..., list[Any]]
KIND = "judged"
_OF_ONE = ("mode", "steps", "judged", "bad", "refused", "first_us", "last_us")
_OF_RULE = ("path", "rule", "expected", "got", "place", "row", "env", "count", "first_us", "last_us")


def row_of(query: Query, stream: int) -> dict[str, Any] | None:
    """All that was said of a stream; None where it was not judged."""
    said = []
    for number, *counts in query(f"select step_schema, {', '.join(_OF_ONE)} from judged where stream = ?", (stream,)):
        schema = query("select pin, digest, document from step_schema where id = ?", (number,))[0]
        rules = query(
            f"select {', '.join(_OF_RULE)} from mismatch where stream = ? and step_schema = ?", (stream, number)
        )
        said.append([list(schema), counts, [list(rule) for rule in rules]])
    return {"kind": KIND, "stream": stream, "said": said} if said else None


def enter(connection: apsw.Connection, row: dict[str, Any]) -> None:
    """What another node's schemas said of its stream. Inside the caller's transaction."""
    stream = row["stream"]
    for schema, counts, rules in row["said"]:
        connection.execute(
            "insert into step_schema (pin, digest, document) values (?, ?, ?) on conflict do nothing", schema
        )
        asked = "select id from step_schema where pin = ? and digest = ?"
        number = connection.execute(asked, schema[:2]).fetchall()[0][0]
        connection.execute(_upsert("judged", "stream, step_schema", _OF_ONE, "steps"), (stream, number, *counts))
        connection.executemany(
            _upsert("mismatch", "stream, step_schema, path, rule", _OF_RULE, "count"),
            [(stream, number, *rule) for rule in rules],
        )


def forget(connection: apsw.Connection, stream: int) -> None:
    """The stream is no more."""
    for table in ("mismatch", "judged"):
        connection.execute(f"delete from {table} where stream = ?", (stream,))


def _upsert(table: str, key: str, columns: tuple[str, ...], growing: str) -> str:
    """What is there gives way to what counts at least as much."""
    places = ", ".join("?" * (len(columns) + 2))
    newer = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in key.split(", "))
    return (
        f"insert into {table} (stream, step_schema, {', '.join(columns)}) values ({places})"
        f" on conflict ({key}) do update set {newer} where excluded.{growing} >= {growing}"
    )
