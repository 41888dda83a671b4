"""Keeping what schemas said: in the transaction that stores the steps it is about, so that both are there or neither."""

from __future__ import annotations

import json
from typing import NamedTuple

import apsw

from cornerman.core.schema.column_plan import Mismatch

from .quarantine import insert as quarantine
from .step_judge import Judgement


class Said(NamedTuple):
    """A broken rule and how often it has been broken in this stream, before and after this segment."""

    schema: str
    mismatch: Mismatch
    before: int
    count: int

    @property
    def loud(self) -> bool:
        """Whether it is worth saying: at its first time, its tenth, its hundredth, …"""
        return len(str(self.count)) > len(str(self.before)) or not self.before


def schema_number(connection: apsw.Connection, judgement: Judgement) -> int:
    """The row of the schema that judged; entered where it is not known."""
    document = judgement.document
    connection.execute(
        "insert into step_schema (pin, digest, document) values (?, ?, ?) on conflict do nothing",
        (document.pin, document.digest, json.dumps(document.content)),
    )
    ((number,),) = connection.execute(
        "select id from step_schema where pin = ? and digest = ?", (document.pin, document.digest)
    ).fetchall()
    return int(number)


def keep(
    connection: apsw.Connection, run_id: str, stream: int, name: str, number: int, judgement: Judgement
) -> list[Said]:
    """Add a judgement to the counts of its stream and put what was refused into quarantine."""
    verdict, (first, last) = judgement.verdict, judgement.times
    connection.execute(
        "insert into judged values (?,?,?,?,?,?,?,?,?) on conflict do update set mode = excluded.mode,"
        " steps = steps + excluded.steps, judged = judged + excluded.judged, bad = bad + excluded.bad,"
        " refused = refused + excluded.refused, last_us = excluded.last_us",
        (stream, number, judgement.mode, verdict.steps, verdict.judged, verdict.bad_steps, len(judgement.refused),
         first, last),
    )  # fmt: skip
    quarantine(
        connection, judgement.refused, source=f"{run_id} {name}", schema=judgement.document.pin, run_id=run_id,
        stream=stream,
    )  # fmt: skip
    return [_count(connection, stream, number, judgement, found) for found in judgement.mismatches]


def _count(connection: apsw.Connection, stream: int, number: int, judgement: Judgement, found: Mismatch) -> Said:
    first, last = judgement.times
    ((total,),) = connection.execute(
        "insert into mismatch (stream, step_schema, path, rule, expected, got, place, row, env, count, first_us,"
        " last_us) values (?,?,?,?,?,?,?,?,?,?,?,?) on conflict do update set count = count + excluded.count,"
        " last_us = excluded.last_us returning count",
        (stream, number, found.path, found.rule, found.expected, found.got, found.place, found.row, found.env,
         found.count, first, last),
    ).fetchall()  # fmt: skip
    return Said(judgement.document.pin, found, int(total) - found.count, int(total))
