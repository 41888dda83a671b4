"""Keeping what schemas said: in the transaction that stores the steps they judged, so both are there or neither."""

from __future__ import annotations

import json

import apsw

from .quarantine import insert as quarantine
from .step_judge import Judgement


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
    return int(str(number))


def keep(connection: apsw.Connection, run_id: str, stream: int, name: str, number: int, judgement: Judgement) -> None:
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
    connection.executemany(
        "insert into mismatch (stream, step_schema, path, rule, expected, got, place, row, env, count, first_us,"
        " last_us) values (?,?,?,?,?,?,?,?,?,?,?,?) on conflict do update set count = count + excluded.count,"
        " last_us = excluded.last_us",
        (
            (stream, number, each.path, each.rule, each.expected, each.got, each.place, each.row, each.env, each.steps,
             first, last)
            for each in judgement.mismatches
        ),
    )  # fmt: skip
