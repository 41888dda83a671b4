"""A clock that is set back an hour: records stay in the order in which they came, and every question is right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cornerman.core.logs import LogFilter
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs import block
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.writer import Writer

EVERYTHING, HOUR, SECOND = LogFilter(), 3_600_000_000, 1_000_000
BEGAN = 1_790_000_000_000_000
TIMES = [BEGAN + at * SECOND - (HOUR if at >= 100 else 0) for at in range(200)]


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Logs]:
    monkeypatch.setattr(block, "RECORDS", 16)
    with Writer(tmp_path, thread=False) as writer:
        writer.append(LogRecordV1(time_us=time, level="INFO", message=f"n={at}") for at, time in enumerate(TIMES))
    yield (opened := Logs(tmp_path))
    opened.close()


def test_the_order_is_that_of_arrival(logs: Logs) -> None:
    """Paged in either direction, searched, and followed."""
    assert [entry.record.time_us for entry in logs.page(EVERYTHING, limit=1000)] == TIMES
    assert [entry.id for entry in logs.page(EVERYTHING, after=95, limit=10)] == list(range(96, 106))
    assert [entry.id for entry in logs.page(EVERYTHING, before=105, limit=10)] == list(range(95, 105))
    hits = [entry.id for found in logs.search(LogFilter.parse("n=")) for entry in found.entries]
    assert hits == list(range(200, 0, -1))


@pytest.mark.parametrize(
    ("since", "until"), [(-HOUR, -HOUR // 2), (50 * SECOND, HOUR), (-HOUR + 120 * SECOND, 20 * SECOND)]
)
def test_a_time_chooses_by_what_records_say(logs: Logs, since: int, until: int) -> None:
    """On both sides of the step; counts, ranks and the timeline agree."""
    chosen = LogFilter.parse(f"since:{(BEGAN + since) / 1e6:.6f} until:{(BEGAN + until) / 1e6:.6f}")
    wanted = [at + 1 for at, time in enumerate(TIMES) if BEGAN + since <= time <= BEGAN + until]
    assert [entry.id for entry in logs.page(chosen, limit=1000)] == wanted
    assert logs.facets(chosen).total == len(wanted)
    assert [logs.rank(chosen, id)[0] for id in wanted[:3]] == [0, 1, 2]
    assert [logs.at_rank(chosen, rank) for rank in (0, 1, len(wanted))] == [*wanted[:2], None]
    assert sum(span.counts["INFO"] for span in logs.timeline(chosen, 7).spans) == len(wanted)


def test_the_timeline_is_by_time(logs: Logs) -> None:
    """What came later and says an hour earlier is an hour earlier."""
    spans = logs.timeline(EVERYTHING, 40).spans
    assert spans[0].begins_us == min(TIMES)
    for span in spans:
        assert span.counts["INFO"] == sum(span.begins_us <= time < span.ends_us for time in TIMES)
    assert logs.at_time(EVERYTHING, BEGAN + 50 * SECOND) == 51
