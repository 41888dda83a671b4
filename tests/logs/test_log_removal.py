"""Log records go by run, by age and by size, and what stays is exactly the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest

from cornerman.core.logs import LogFilter
from cornerman.core.logs.own_lines import record_of
from cornerman.core.logs.port import Sample
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.log_catalog.store import LOG_RUN_DELETED
from cornerman.store.logs import block, open_writer
from cornerman.store.logs.check import LogState, log_problems
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.removal import Retention, delete_run_logs, prune_logs
from cornerman.store.logs.writer import Writer

EVERYTHING = LogFilter()


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two hundred records of two runs, in turns; the first fifty of the first run alone."""
    monkeypatch.setattr(block, "RECORDS", 16)
    with Writer(tmp_path) as writer:
        writer.append(
            LogRecordV1(time_us=at, level="INFO", message=f"n={at}", run_id="ODD" if at % 2 or at < 50 else "EVEN")
            for at in range(200)
        )
        writer.sample("ODD", Sample(1, {"cpu_percent": 1.0}))
    return tmp_path


def numbers(logs: Logs, text: str = "") -> list[int]:
    return [int(entry.record.message[2:]) for entry in logs.page(LogFilter.parse(text), limit=1000)]


def test_deleting_a_run_leaves_the_others_records_as_they_were(store: Path) -> None:
    """Ids, order, counts and searches are right for a reader that was open meanwhile, and ids never come again."""
    logs = Logs(store)
    before = {entry.id: entry.record for entry in logs.page(LogFilter.parse("run:EVEN"), limit=1000)}
    assert delete_run_logs(store, "ODD") > 0
    assert numbers(logs) == [at for at in range(200) if at >= 50 and not at % 2]
    assert {entry.id: entry.record for entry in logs.page(EVERYTHING, limit=1000)} == before
    assert logs.facets(EVERYTHING).values["run"][0].count == logs.count() == len(before)
    assert numbers(logs, "n=178") == [178]
    assert logs.rank(EVERYTHING, max(before)) == (len(before) - 1, len(before))
    assert logs.samples("ODD") == []
    with Writer(store) as writer:
        writer.append([LogRecordV1(time_us=500, level="INFO", message="n=500", run_id="NEW")])
    assert logs.page(EVERYTHING)[-1].id == 201
    assert list(log_problems(store)) == []


def test_what_comes_after_its_run_was_deleted_goes_too(store: Path) -> None:
    """Lines of a command that goes on, samples and all, counted as steps are; what we say of it ourselves stays."""
    delete_run_logs(store, "ODD")
    with Writer(store) as writer:
        writer.belongs("ODD", "job")
        writer.sample("ODD", Sample(5, {"cpu_percent": 1.0}))
        line = LogRecordV1(time_us=9, level="INFO", message="n=9", source="other")
        writer.append(msgspec.structs.replace(line, run_id=run) for run in ("ODD", "EVEN", "ODD"))
        writer.append([record_of(LOG_RUN_DELETED, {"run": "ODD", "bytes": 1}, 9)])
    logs = Logs(store)
    assert LogState(store).lost == {"after delete": 2}
    assert [facet.value for facet in logs.facets(EVERYTHING).values["run"]] == ["EVEN"]
    assert (logs.samples("ODD"), logs.jobs()) == ([], {})
    [said] = logs.page(LogFilter.parse("code:LOG1208"))
    assert said.record.fields == {"bytes": 1, "run": "ODD"}


def test_the_oldest_go_first_when_there_are_too_many(store: Path) -> None:
    """What stays fits, is the newest, and its counts are exact."""
    logs, most = Logs(store), LogState(store).bytes // 2
    gone = prune_logs(store, max_bytes=most)
    left = numbers(logs)
    assert gone + len(left) == 200
    assert left == list(range(200))[gone:]
    assert LogState(store).bytes <= most
    assert logs.facets(EVERYTHING).total == len(left)
    assert list(log_problems(store)) == []


def test_what_is_older_than_allowed_goes(store: Path) -> None:
    """Block by block: nothing that is young enough goes."""
    logs = Logs(store)
    assert prune_logs(store, older_than_us=100) >= 80
    left = numbers(logs)
    assert left[0] <= 100
    assert left == list(range(200))[left[0] :]
    assert logs.samples("ODD") == []


def test_a_clock_that_stood_wrong_keeps_nothing_for_ever(store: Path) -> None:
    """One record of the year 3000 among the first does not keep all after it."""
    with Writer(store, thread=False) as writer:
        writer.append(
            LogRecordV1(time_us=10**9 if at == 3 else 200 - at, level="INFO", message=f"n={at}") for at in range(64)
        )
    prune_logs(store, older_than_us=10**6)
    left = [entry.record.time_us for entry in Logs(store).page(EVERYTHING, limit=1000)]
    assert 10**9 in left
    assert len(left) <= 32
    assert list(log_problems(store)) == []


def test_the_settings_say_what_is_kept(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer obeys storage.max_log_age; without it nothing goes."""
    monkeypatch.setenv("CORNERMAN_STORAGE_MAX_LOG_AGE", "1")
    assert Writer(store, thread=False)._retention.turn() == 200
    assert Retention(store, 0, 0.0).turn() == 0


def test_damage_is_found(store: Path) -> None:
    """A text that was changed, a count that is wrong, a set that is not the text's."""
    import apsw

    with apsw.Connection(str(store / "logs.db")) as connection:
        connection.execute("update block set counts = zeroblob(length(counts)) where id = (select min(id) from block)")
        connection.execute(
            "update block_grams set words = zeroblob(64) where block = (select max(block) from block_grams)"
        )
        connection.execute("update block_text set payload = x'00' where id = (select max(id) from block_text)")
    found = "\n".join(log_problems(store))
    assert "has a head that does not agree with itself" in found
    assert "set of pieces" in found
    assert "does not decode" in found


def test_a_store_that_was_removed_does_not_come_back_for_a_line(tmp_path: Path) -> None:
    """What is said afterwards is counted as not kept, and is no error."""
    said = LogRecordV1(time_us=1, level="INFO", message="too late")
    with open_writer(tmp_path / "store") as writer:
        writer.append([said])
        shutil.rmtree(tmp_path / "store")
        writer.append([said])
    assert not (tmp_path / "store").exists()
