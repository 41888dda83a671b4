"""A store of log records answers what looking at each record one by one would."""

from __future__ import annotations

import itertools
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cornerman.core.errors import Interrupted, NotFound
from cornerman.core.logs import LogEntry, LogFilter, Term
from cornerman.core.logs.filter import FACETS
from cornerman.core.logs.matching import Chosen, facet_values
from cornerman.core.logs.port import Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs import block
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.writer import Writer

BEGAN_US = 1_790_000_000_000_000
JOBS = {"RUN-ONE": "first", "RUN-TWO": "second"}
WORDS = ("loss", "NaN", "straße", "STRASSE", "id=12345", "a\nb", "日本", "x")

records = st.builds(
    LogRecordV1,
    time_us=st.integers(BEGAN_US, BEGAN_US + 5_000),
    level=st.sampled_from(["DEBUG", "INFO", "WARNING", "ERROR"]),
    code=st.sampled_from(["", "LOG512", "LOG513"]),
    component=st.sampled_from(["", "Worker", "Bridge"]),
    subcomponent=st.sampled_from(["", "Runtime"]),
    tags=st.sampled_from([(), ("step",), ("step", "loss")]),
    message=st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
    raw=st.sampled_from(["", "LOG512 | loss", "Ünïcode"]),
    fields=st.dictionaries(st.sampled_from(["loss", "n"]), st.one_of(st.floats(), st.integers(0, 9)), max_size=2),
    extra=st.sampled_from([{}, {"left": "over"}]),
    run_id=st.sampled_from(["", *JOBS]),
    stream=st.sampled_from(["", "eval"]),
    output=st.sampled_from(["", "stdout", "stderr"]),
    source=st.sampled_from(["emitted", "known", "other"]),
    episode=st.one_of(st.none(), st.integers(-2, 30)),
    step=st.one_of(st.none(), st.integers(0, 2**63 - 1)),
    env_index=st.one_of(st.none(), st.integers(0, 3)),
    pid=st.sampled_from([None, 1, 2]),
    logger=st.sampled_from(["", "root"]),
    flags=st.sampled_from([(), ("cut",)]),
    repeats=st.integers(1, 3),
    raw_bytes=st.sampled_from([b"", b"\xff"]),
    agent=st.sampled_from(["", "one"]),
)

terms = st.one_of(
    st.tuples(st.just("level"), st.sampled_from(["ERROR", ">=WARNING", "DEBUG"]), st.booleans()),
    st.tuples(st.just("component"), st.sampled_from(["Worker", "Worker/Runtime", "Bridge", "None"]), st.booleans()),
    st.tuples(st.just("code"), st.sampled_from(["LOG512", "LOG9"]), st.booleans()),
    st.tuples(st.just("tag"), st.sampled_from(["step", "loss"]), st.booleans()),
    st.tuples(st.just("job"), st.sampled_from(["first", "second"]), st.booleans()),
    st.tuples(st.just("run"), st.sampled_from(["RUN-ONE", "RUN-", "-TWO"]), st.booleans()),
    st.tuples(st.just("flag"), st.just("cut"), st.booleans()),
    st.tuples(st.just("output"), st.sampled_from(["stdout", "stderr"]), st.booleans()),
    st.tuples(st.just("episode"), st.sampled_from(["3", "-1..5", "20..", "..4"]), st.booleans()),
    st.tuples(st.just("env"), st.sampled_from(["0", "1..2"]), st.booleans()),
    st.tuples(st.just("step"), st.sampled_from(["0..100", "5"]), st.booleans()),
    st.tuples(st.just("since"), st.sampled_from([f"{(BEGAN_US + 1_000) / 1e6:.6f}"]), st.just(False)),
    st.tuples(st.just("until"), st.sampled_from([f"{(BEGAN_US + 4_000) / 1e6:.6f}"]), st.just(False)),
    st.tuples(
        st.just("text"), st.sampled_from(["LOSS", "nan", "strasse", "12345", "x", "本", "over", ""]), st.booleans()
    ),
).map(lambda parts: Term(*parts))
filters = st.lists(terms, max_size=4).map(lambda chosen: LogFilter(tuple(dict.fromkeys(chosen))))

CHECKED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Model:
    """The records as a list, and each question answered by looking at all of them."""

    def __init__(self, written: list[LogRecordV1]) -> None:
        self.entries = [LogEntry(id, record) for id, record in enumerate(written, 1)]

    def chosen(self, chosen: LogFilter) -> list[LogEntry]:
        meant = Chosen(chosen)
        return [entry for entry in self.entries if meant.matches(entry.record, JOBS.get(entry.record.run_id, ""))]

    def facets(self, chosen: LogFilter, field: str) -> dict[str, int]:
        counts = Counter(
            value
            for entry in self.chosen(chosen.without(field))
            for value in dict.fromkeys(facet_values(entry.record, field, JOBS.get(entry.record.run_id, "")))
        )
        counts.pop("", None)
        return dict(counts)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of 16 records and slices of 4: what holds for millions is seen in a hundred."""
    monkeypatch.setattr(block, "RECORDS", 16)
    monkeypatch.setattr(block, "SLICE_RECORDS", 4)


def written(path: Path, batches: list[list[LogRecordV1]]) -> Model:
    writer = Writer(path, thread=False)
    for batch in batches:
        assert writer.append(batch) == len(batch)
        writer.ingest()
    writer.close()
    return Model(list(itertools.chain(*batches)))


batches = st.lists(st.lists(records, max_size=25), max_size=5)


def ids(entries: Any) -> list[int]:
    return [entry.id for entry in entries]


def same(one: LogRecordV1, other: LogRecordV1) -> bool:
    return repr(one) == repr(other)  # NaN is NaN here


@CHECKED
@given(batches, filters, st.integers(0, 40))
def test_pages_are_what_looking_at_each_record_finds(
    batches: list[list[LogRecordV1]], chosen: LogFilter, edge: int
) -> None:
    """Newest, before and after an id: the same records in the same order, whole."""
    with TemporaryDirectory() as folder:
        model, logs = written(Path(folder), batches), Logs(Path(folder), lambda: JOBS)
        expected = model.chosen(chosen)
        found = logs.page(chosen, limit=1000)
        assert ids(found) == ids(expected)
        assert all(same(a.record, b.record) for a, b in zip(found, expected, strict=True))
        assert ids(logs.page(chosen, limit=3)) == ids(expected)[-3:]
        assert ids(logs.page(chosen, before=edge, limit=4)) == [id for id in ids(expected) if id < edge][-4:]
        assert ids(logs.page(chosen, after=edge, limit=4)) == [id for id in ids(expected) if id > edge][:4]
        streamed = [entry.id for step in logs.search(chosen, batch=2) for entry in step.entries]
        assert streamed == ids(expected)[::-1]
        logs.close()


@CHECKED
@given(batches, filters, st.integers(0, 40), st.integers(BEGAN_US - 10, BEGAN_US + 6_000))
def test_places_are_what_counting_finds(
    batches: list[list[LogRecordV1]], chosen: LogFilter, edge: int, moment: int
) -> None:
    """The rank of an id, the id of a rank, the first record at a time."""
    with TemporaryDirectory() as folder:
        model, logs = written(Path(folder), batches), Logs(Path(folder), lambda: JOBS)
        expected = ids(model.chosen(chosen.without("text")))
        assert logs.rank(chosen, edge) == (sum(id < edge for id in expected), len(expected))
        assert [logs.at_rank(chosen, rank) for rank in range(len(expected) + 1)] == [*expected, None]
        entries = model.chosen(chosen)
        later = [entry.id for entry in entries if entry.record.time_us >= moment]
        assert logs.at_time(chosen, moment) == (later[0] if later else entries[-1].id if entries else None)
        logs.close()


@CHECKED
@given(batches, filters, st.integers(1, 9))
def test_counts_are_what_counting_finds(batches: list[list[LogRecordV1]], chosen: LogFilter, spans: int) -> None:
    """Facets and timeline count exactly what obeys the terms that they say they count."""
    with TemporaryDirectory() as folder:
        model, logs = written(Path(folder), batches), Logs(Path(folder), lambda: JOBS)
        facets = logs.facets(chosen)
        counted = chosen.without(*facets.without)
        assert facets.total == len(model.chosen(counted))
        for field in FACETS:
            assert {facet.value: facet.count for facet in facets.values[field]} == model.facets(counted, field), field
        timeline = logs.timeline(chosen, spans)
        assert len(timeline.spans) <= spans
        for span in timeline.spans:
            inside = [e.record for e in model.chosen(counted) if span.begins_us <= e.record.time_us < span.ends_us]
            assert span.counts == dict.fromkeys(span.counts, 0) | Counter(r.level for r in inside)
        assert sum(sum(span.counts.values()) for span in timeline.spans) == facets.total
        logs.close()


@CHECKED
@given(batches, filters)
def test_a_reader_that_was_open_sees_what_a_new_one_does(batches: list[list[LogRecordV1]], chosen: LogFilter) -> None:
    """After each commit: pages, counts and ranks, with new kinds and blocks that were sealed meanwhile."""
    with TemporaryDirectory() as folder:
        writer, logs = Writer(Path(folder), thread=False), Logs(Path(folder), lambda: JOBS)
        model = Model([])
        for batch in batches:
            writer.append(batch)
            writer.ingest()
            model = Model([*(entry.record for entry in model.entries), *batch])
            expected = model.chosen(chosen)
            assert ids(logs.page(chosen, limit=1000)) == ids(expected)
            facets = logs.facets(chosen)
            counted = chosen.without(*facets.without)
            assert {one.value: one.count for one in facets.values["level"]} == model.facets(counted, "level")
            assert sum(sum(span.counts.values()) for span in logs.timeline(chosen, 4).spans) == facets.total
            assert logs.rank(chosen, 10)[1] == len(model.chosen(chosen.without("text")))
        writer.close()
        logs.close()


def test_a_store_without_logs_is_empty(tmp_path: Path) -> None:
    """Reading makes nothing and finds nothing."""
    logs, everything = Logs(tmp_path), LogFilter()
    assert (logs.count(), list(logs.page(everything)), logs.facets(everything).total) == (0, [], 0)
    assert logs.timeline(everything, 5).spans == ()
    assert [step.done for step in logs.search(everything)] == [True]
    assert (logs.rank(everything, 5), logs.at_time(everything, 0), logs.samples("R")) == ((0, 0), None, [])
    with pytest.raises(NotFound):
        logs.entry(1)
    assert list(tmp_path.iterdir()) == []


def test_what_is_appended_is_read_within_half_a_second(tmp_path: Path) -> None:
    """The writer's own thread brings it in, while it lives; a reader that was open before sees it."""
    import time

    logs = Logs(tmp_path)
    assert logs.count() == 0
    with Writer(tmp_path) as writer:
        writer.append([LogRecordV1(time_us=1, level="INFO", message="here")])
        deadline = time.monotonic() + 0.5
        while not logs.count() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert [entry.record.message for entry in logs.page(LogFilter())] == ["here"]


def test_samples_and_jobs_come_with_the_records(tmp_path: Path) -> None:
    """What a run used is read back in order; a run without steps has the job that its writer said."""
    with Writer(tmp_path) as writer:
        writer.belongs("RUN", "mine")
        writer.append([LogRecordV1(time_us=1, level="INFO", message="", run_id="RUN")])
        writer.sample("RUN", Sample(5, {"cpu_percent": 80.0}))
        writer.sample("RUN", Sample(3, {"cpu_percent": 70.0}))
    logs = Logs(tmp_path)
    assert logs.samples("RUN", since_us=4) == [Sample(5, {"cpu_percent": 80.0})]
    assert [sample.time_us for sample in logs.samples("RUN")] == [3, 5]
    assert logs.facets(LogFilter.parse("job:mine")).total == 1


def test_a_search_ends_when_it_is_interrupted(tmp_path: Path) -> None:
    """Between two answers, and without harm to the next question."""
    with Writer(tmp_path) as writer:
        writer.append(LogRecordV1(time_us=at, level="INFO", message=f"line {at}") for at in range(100))
    logs = Logs(tmp_path)
    steps = logs.search(LogFilter.parse("line"), batch=5)
    next(steps)
    logs.interrupt()
    with pytest.raises(Interrupted):
        next(steps)
    assert len(logs.page(LogFilter(), limit=200)) == 100
