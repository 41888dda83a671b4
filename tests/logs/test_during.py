"""`during:12`: the lines that were written while an episode was under way, by its time in the store."""

from __future__ import annotations

from pathlib import Path

import pytest
from recordings import Recording

import cornerman
from cornerman.core.errors import InvalidOption, NotFound
from cornerman.core.logs import LogFilter
from cornerman.core.logs.during import During, during_of
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.store.logs import open_writer


@pytest.fixture
def begins(tmp_path: Path) -> dict[int, int]:
    """When each episode of a recorded run began. There is a line at its beginning, and one just before the next."""
    Recording(tmp_path, job="walk").run(100).close()
    with cornerman.open_store(tmp_path) as store:
        run = store.run("walk")
        found = {one.episode: one.started_us for one in run.streams()[0].episodes()}
    with open_writer(tmp_path) as writer:
        for number, begun in found.items():
            for time_us, word in ((begun, "begin"), (found.get(number + 1, 0) - 1, "end")):
                writer.append(
                    [LogRecordV1(time_us=time_us, level="DEBUG", message=f"{word} {number}", run_id=run.run_id)]
                )
    return found


def said(store: Path, text: str) -> list[str]:
    with cornerman.open_store(store) as opened:
        chosen = LogFilter.parse(f"run:{opened.run('walk').run_id} {text}")
        return [entry.record.message for entry in opened.logs.page(chosen)]


def test_an_episode_is_under_way_until_the_next_begins(tmp_path: Path, begins: dict[int, int]) -> None:
    """What a loop prints after the last step belongs to it; several are one time, the newest goes on."""
    newest = max(begins)
    assert said(tmp_path, "during:2") == ["begin 2", "end 2"]
    assert said(tmp_path, "during:2..3") == ["begin 2", "end 2", "begin 3", "end 3"]
    assert said(tmp_path, f"during:{newest}") == said(tmp_path, f"during:{newest}..") == [f"begin {newest}"]


def test_it_needs_a_run_and_an_episode_that_there_is(tmp_path: Path, begins: dict[int, int]) -> None:
    with cornerman.open_store(tmp_path) as store:
        run = f"run:{store.run('walk').run_id}"
        with pytest.raises(InvalidOption, match="of which run"):
            store.logs.page(LogFilter.parse("during:2"))
        for value in ("10000", "2@1", "eval/2"):
            with pytest.raises(NotFound):
                store.logs.page(LogFilter.parse(f"{run} during:{value}"))


def test_it_narrows_the_time_that_is_chosen_otherwise(tmp_path: Path, begins: dict[int, int]) -> None:
    with cornerman.open_store(tmp_path) as store:
        chosen = LogFilter.parse(f"run:{store.run('walk').run_id} during:2 until:{begins[2] / 1e6:.6f}")
        assert store.logs.period(chosen) == (begins[2], begins[2])


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("12", During("", 12, 12, 0)),
        ("12..20", During("", 12, 20, 0)),
        ("12..", During("", 12, None, 0)),
        ("eval/3@7", During("eval", 3, 3, 7)),
    ],
)
def test_what_can_be_written(value: str, meant: During) -> None:
    assert during_of(value) == meant
    assert str(LogFilter.parse(f"during:{value}")) == f"during:{value}"


@pytest.mark.parametrize("term", ["during:x", "during:..3", "during:5..3", "-during:3", "during:1@x"])
def test_what_means_nothing_is_refused(term: str) -> None:
    with pytest.raises(InvalidOption, match="means nothing"):
        LogFilter.parse(term)
