"""Saying what schemas have against a program's own streams: each broken rule once, then at its 10th, 100th, … step.

Steps are judged where they are sealed, as a rule in another process. What it found stands in the store; the program
that recorded reads it there now and then, and when a stream ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apsw

from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import LOG_SCHEMA_MISMATCH, LOG_STEPS_REFUSED

_FOUND = """
select r.run_id, s.name, k.pin, j.mode, j.refused, m.step_schema, m.path, m.rule, m.expected, m.got, m.count
from mismatch m join judged j on j.stream = m.stream and j.step_schema = m.step_schema
join step_schema k on k.id = m.step_schema join stream s on s.id = m.stream join run r on r.id = s.run
where m.stream = ? and j.mode in ('warn', 'enforce') order by m.count desc limit 20"""


class MismatchLog:
    """What was said already, by stream and rule."""

    def __init__(self) -> None:
        self._said: dict[tuple[Any, ...], int] = {}

    def look(self, connection: apsw.Connection, streams: Iterable[int]) -> None:
        """Say what is new about some streams."""
        for stream in streams:
            refused: dict[str, tuple[str, int]] = {}
            for row in connection.execute(_FOUND, (stream,)).fetchall():
                found: tuple[Any, ...] = row
                run, name, pin, mode, gone, number, path, rule, expected, got, count = found
                if mode == "enforce" and gone:
                    refused[pin] = (run, gone)
                if self._news((stream, number, path, rule), count):
                    log(
                        LOG_SCHEMA_MISMATCH, run=run, stream=name, schema=pin, path=path, rule=rule,
                        expected=expected, got=got, steps=count,
                    )  # fmt: skip
            for pin, (run, gone) in refused.items():
                if self._news((stream, pin), gone):
                    log(LOG_STEPS_REFUSED, run=run, schema=pin, steps=gone)

    def _news(self, key: tuple[Any, ...], count: int) -> bool:
        before = self._said.get(key, 0)
        self._said[key] = count
        return count > 0 and (not before or len(str(count)) > len(str(before)))
