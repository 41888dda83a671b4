"""Lines of our own programs as records of the store of logs."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from cornerman.core.logs.own_lines import OwnLines, record_of
from cornerman.core.logs.port import Sample
from cornerman.core.payloads import log_record_v1
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.log_catalog import bound, conclude, configure, log
from cornerman.log_catalog.recorder import LOG_STEPS_DROPPED, LOG_STREAM_STARTED


class Kept:
    """A log writer that keeps what it is given, and fails on a record that could not be stored."""

    def __init__(self) -> None:
        self.records: list[LogRecordV1] = []
        self.closed = False

    def append(self, records: Iterable[LogRecordV1]) -> int:
        new = [log_record_v1.decode(log_record_v1.encode(record)) for record in records]
        self.records += new
        return len(new)

    def sample(self, run_id: str, sample: Sample) -> None:
        raise AssertionError("no line is a sample")

    def belongs(self, run_id: str, job: str) -> None:
        raise AssertionError("no line is a job")

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def opened() -> Iterator[list[Kept]]:
    """The writers that a configured program opened for its own lines."""
    found: list[Kept] = []

    def open_writer() -> Kept:
        found.append(Kept())
        return found[-1]

    configure("INFO", "line", io.StringIO(), sinks=[OwnLines(open_writer)])
    yield found
    conclude()
    assert all(writer.closed for writer in found)


def test_a_line_becomes_a_record_with_its_place(opened: list[Kept]) -> None:
    """Run, environment, episode and step have fields of their own; the rest is what the line is about."""
    with bound(run="R1", env_index=2, episode=7, step=12):
        log(LOG_STEPS_DROPPED, cause="disk", path=Path("/data"), counts={"a": (1, 2)})
    (record,) = opened[0].records
    assert (record.run_id, record.env_index, record.episode, record.step) == ("R1", 2, 7, 12)
    assert (record.code, record.source, record.pid, record.flags) == ("LOG1110", "emitted", os.getpid(), ())
    assert record.fields == {"cause": "disk", "path": "/data", "counts": {"a": [1, 2]}}


def test_a_run_that_nobody_named_is_marked(opened: list[Kept]) -> None:
    """Attributed by its process, and said to be a conclusion."""
    log(LOG_STREAM_STARTED)
    assert opened[0].records[0].flags == ("inferred",)


def test_a_program_that_says_nothing_opens_nothing(opened: list[Kept]) -> None:
    """Commands that only read do not touch the store of logs."""
    assert opened == []
    log(LOG_STREAM_STARTED)
    log(LOG_STREAM_STARTED)
    assert len(opened) == 1


def test_a_field_of_another_type_stays_a_field() -> None:
    """What a caller calls `step` may be a word, and a circle has an end."""
    circle: list[object] = []
    circle.append(circle)
    record = record_of(LOG_STREAM_STARTED, {"step": "first", "episode": True, "circle": circle, "repeats": 3}, 1)
    assert (record.step, record.episode, record.repeats) == (None, None, 3)
    assert (record.fields["step"], record.fields["episode"]) == ("first", True)
    assert log_record_v1.decode(log_record_v1.encode(record)).fields["step"] == "first"
