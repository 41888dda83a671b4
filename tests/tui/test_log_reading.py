"""What the Logs screen asks of a real store and of the one in memory: they answer alike; nothing is out of reach."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from memory_logs import MemoryLogs, some_records

from cornerman.core.errors import InvalidOption
from cornerman.core.logs import LogFilter
from cornerman.core.logs.port import Damaged, LogReader
from cornerman.store.api import make_store, open_store
from cornerman.store.logs import open_writer
from cornerman.tui import clipboard, log_status
from cornerman.tui.log_completion import candidates
from cornerman.tui.log_cursor import LogCursor
from cornerman.tui.log_feed import LogFeeds, LogReading
from cornerman.tui.log_hits import Hits
from cornerman.tui.log_memory import Bookmark, LogMemory
from cornerman.tui.log_queries import FacetsQuery, SearchAnswer, SearchQuery
from cornerman.tui.log_timeline import lines
from cornerman.tui.log_times import typed_time
from cornerman.tui.log_window import AROUND
from cornerman.tui.look import Look

COUNT = 1_500


@pytest.fixture(params=["memory", "store"])
def logs(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LogReader]:
    if request.param == "memory":
        yield MemoryLogs(some_records(COUNT))
        return
    make_store(tmp_path).close()
    writer = open_writer(tmp_path)
    writer.append(some_records(COUNT))
    writer.close()
    with open_store(tmp_path, read_only=True) as store:
        yield store.logs


def heard(cursor: LogCursor, logs: LogReader) -> LogCursor:
    """The cursor, with every question answered that it has."""
    for _ in range(20):
        if not cursor.heard(cursor.query.answer(LogReading(logs))):
            return cursor
    raise AssertionError("it asks for ever")


def at(cursor: LogCursor) -> int:
    assert cursor.entry is not None
    return cursor.entry.id


@pytest.mark.parametrize("text", ["", "level>=WARNING", "nan", "-level:DEBUG run:01KAH7C0DEPOLES8", "episode:3..20"])
def test_paging_up_meets_every_record_of_a_filter_once(logs: LogReader, text: str) -> None:
    chosen = LogFilter.parse(text)
    cursor = heard(LogCursor(chosen), logs)
    met = [at(cursor)]
    for _ in range(3 * COUNT):
        if cursor.move(-1):
            heard(cursor, logs)
        if at(cursor) == met[-1]:
            break
        met.append(at(cursor))
    assert met[::-1] == [entry.id for entry in logs.page(chosen, after=-1, limit=COUNT)]


def test_a_hidden_record_is_come_back_to(logs: LogReader) -> None:
    cursor = heard(LogCursor(LogFilter()), logs)
    cursor.move(-100)
    heard(cursor, logs)
    here = at(cursor)
    for text in ("level:ERROR", "nan", "code:LOG620", ""):
        cursor.choose(LogFilter.parse(text))
        heard(cursor, logs)
        assert (at(cursor) == here) == (not text)
        assert ("hidden" in cursor.said) == bool(text)


def test_a_window_that_is_followed_grows_by_what_is_new() -> None:
    logs = MemoryLogs(some_records(COUNT))
    cursor, reading = heard(LogCursor(LogFilter.parse("nan")), logs), LogReading(logs)
    searched = logs.asked["search"]
    reading.before = cursor.answer
    logs.append(*some_records(100))
    cursor.heard(cursor.query.answer(reading))
    assert at(cursor) == COUNT + 61
    assert logs.asked["search"] == searched


def test_hits_are_gone_through_in_both_directions(logs: LogReader) -> None:
    hits = Hits("NaN", LogFilter(), None)
    answer = hits.query.answer(LogReading(logs))
    assert isinstance(answer, SearchAnswer)
    hits.heard(answer)
    newest = hits.ids[0]
    assert hits.older(newest) == newest - 97
    assert hits.newer(newest - 97) == newest
    assert hits.older(hits.ids[-1]) is None
    assert not hits.busy


def test_at_most_a_window_is_ever_read(logs: LogReader) -> None:
    cursor = heard(LogCursor(LogFilter()), logs)
    cursor.move(-150)
    heard(cursor, logs)
    assert len(cursor.entries) <= 2 * AROUND


def test_completion_offers_fields_and_the_values_there_are(logs: LogReader) -> None:
    facets = FacetsQuery(LogFilter()).answer(LogReading(logs)).facets
    assert [each.text for each in candidates("level>=INFO comp", facets)] == ["level>=INFO component:"]
    assert [each.text for each in candidates("-tag:qu", facets)] == ["-tag:queue "]
    assert candidates("component:Adapter/", facets)[0].text == 'component:"Adapter/Toy text" '
    assert candidates('"a phrase', facets) == []


def test_one_error_is_seen_on_the_timeline_without_colours(logs: LogReader) -> None:
    timeline = logs.timeline(LogFilter(), 40)
    drawn = ["".join(text for text, _ in line) for line in lines(timeline, None, 60, 2, Look("none", True))]
    assert drawn[-1].count("E") == sum(1 for span in timeline.spans if span.counts.get("ERROR"))


def test_a_time_of_the_day_is_on_the_day_of_the_record() -> None:
    near = 1_795_200_000_000_000
    assert typed_time("19:00:01.5", near, 0.0) == near + 1_201_500_000
    assert typed_time("2h", near, near / 1e6) == near - 7_200_000_000
    with pytest.raises(InvalidOption):
        typed_time("25:00", near, 0.0)


def test_bookmarks_that_cannot_be_read_are_put_aside(tmp_path: Path) -> None:
    memory = LogMemory("/a/store", tmp_path)
    memory.toggle(Bookmark(7, 1, "seven"))
    assert LogMemory("/a/store", tmp_path).bookmarks == {7: Bookmark(7, 1, "seven")}
    assert LogMemory("/another", tmp_path).bookmarks == {}
    (file,) = (tmp_path / "logs").glob("*.json")
    file.write_text("{")
    assert "damaged" in LogMemory("/a/store", tmp_path).problem
    assert len(list((tmp_path / "logs").glob("*.damaged"))) == 1


def test_in_tmux_a_copy_is_given_to_tmux(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[list[str], bytes]] = []
    monkeypatch.setenv("TMUX", "/tmp/tmux")
    monkeypatch.setattr(subprocess, "run", lambda command, input, **_: calls.append((command, input)))
    said = clipboard.copy("a line", "the record", lambda text: pytest.fail("not by the terminal"))
    assert calls == [(["tmux", "load-buffer", "-w", "-"], b"a line")]
    assert said == "copied the record, 6 B, by tmux"


def test_a_copy_that_is_too_large_says_what_to_do_instead() -> None:
    said = clipboard.copy("x" * 100_000, "the record", lambda text: pytest.fail("too large"))
    assert said.startswith("not copied: the record has 100 kB")
    assert "w writes a file" in said


def test_what_is_remembered_is_plain_json(tmp_path: Path) -> None:
    LogMemory("/a/store", tmp_path).remember_filter("level:ERROR")
    (file,) = (tmp_path / "logs").glob("*.json")
    assert json.loads(file.read_text())["filter"] == "level:ERROR"


def test_a_search_that_is_given_up_leaves_the_records_open_for_the_others() -> None:
    """What ten million records are found by takes tens of megabytes: no search that changed has it read again."""
    logs, opened, woken = MemoryLogs(some_records(COUNT)), [], threading.Event()
    logs.slow = 10

    def open_repository(_: bool) -> Any:
        opened.append(logs)
        return SimpleNamespace(logs=logs)

    feeds = LogFeeds(open_repository, woken.set)
    try:
        for text in ("reward", "nan"):
            feeds.ask(SearchQuery(LogFilter.parse(text), None))
            assert woken.wait(10)
            woken.clear()
        assert len(opened) == 1
    finally:
        feeds.stop()


def test_damage_is_in_the_header() -> None:
    """As soon as a reader has come across it, and as long as it is there."""
    logs = MemoryLogs(some_records(COUNT))
    cursor = heard(LogCursor(LogFilter()), logs)
    assert log_status.damage(cursor) == ""
    logs.damage = Damaged(records=4096, texts=256)
    assert log_status.damage(heard(cursor, logs)) == "4,096 damaged, 256 without text: cornerman verify"
