"""Damage costs what it hit: every other record is read by every question, and what is missing is counted and said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import pytest
from command_line import Cornerman

from cornerman.core.errors import StoreUnreadable
from cornerman.core.logs import LogFilter
from cornerman.core.logs.port import Damaged
from cornerman.core.payloads.log_record_v1 import LogRecordV1
from cornerman.log_catalog import captured
from cornerman.store.api import make_store
from cornerman.store.logs import block
from cornerman.store.logs.block import LOST
from cornerman.store.logs.check import damaged, log_problems
from cornerman.store.logs.database import FILE
from cornerman.store.logs.reader import Logs
from cornerman.store.logs.removal import delete_run_logs
from cornerman.store.logs.spool import spools
from cornerman.store.logs.writer import Writer, ingest_leftovers

EVERYTHING = LogFilter()
HIT = range(16, 32)
"""The numbers of the records in the second block, which is damaged."""
FLIPPED = "cast(substr(payload, 1, 20) || x'aaaa' || substr(payload, 23) as blob)"
WHOLE = {
    "columns flipped": f"update block_columns set payload = {FLIPPED} where block = 2",
    "columns cut": "update block_columns set payload = substr(payload, 1, 30) where block = 2",
    "columns gone": "delete from block_columns where block = 2",
    "kinds cut": "update block set kinds = substr(kinds, 1, 5) where id = 2",
    "kinds unknown": "update block set kinds = zeroblob(length(kinds)) where id = 2",
    "counts wrong": "update block set counts = zeroblob(length(counts)) where id = 2",
    "ranges cut": "update block set ranges = x'' where id = 2",
    "count wrong": "update block set count = 17 where id = 2",
    "ids overlap": "update block set last_id = 40 where id = 2",
    "times turned": "update block set max_us = min_us - 1 where id = 2",
}
TEXTS = {
    "text flipped": f"update block_text set payload = {FLIPPED} where id = 2 * 65536",
    "text gone": "delete from block_text where id = 2 * 65536",
}
SETS = {
    "sets gone": "delete from block_grams where block = 2",
    "sets cut": "update block_grams set slices = substr(slices, 1, 7) where block = 2",
    "sets odd": "update block_grams set words = x'0102' where block = 2",
}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three full blocks and a small one; two runs in each, and two kinds of texts."""
    monkeypatch.setattr(block, "RECORDS", 16)
    monkeypatch.setattr(block, "SLICE_RECORDS", 8)
    with Writer(tmp_path, thread=False) as writer:
        writer.append(
            LogRecordV1(time_us=at, level="INFO", message=f"n={at}{'x' * (at % 3)}", run_id="ODD" if at % 2 else "EVEN",
                        step=at, component="C" * (at % 5), fields={"f": at})
            for at in range(60)
        )  # fmt: skip
    return tmp_path


def broken(store: Path, statement: str) -> None:
    with apsw.Connection(str(store / FILE)) as connection:
        connection.execute("pragma foreign_keys=off")
        connection.execute(statement)


def numbers(logs: Logs, text: str = "") -> list[int]:
    return [entry.record.time_us for entry in logs.page(LogFilter.parse(text), limit=1000)]


@pytest.mark.parametrize("statement", WHOLE.values(), ids=WHOLE)
def test_a_damaged_block_is_left_out_of_every_answer(store: Path, statement: str) -> None:
    """Each question is answered from the others, exactly, whichever question comes first; it is said, once."""
    broken(store, statement)
    left = [at for at in range(60) if at not in HIT]
    questions: list[Callable[[Logs], object]] = [
        lambda logs: numbers(logs) == left,
        lambda logs: numbers(logs, "step:10..40") == [at for at in left if 10 <= at <= 40],
        lambda logs: numbers(logs, "n=4") == [at for at in left if str(at).startswith("4")],
        lambda logs: (
            sorted(hit.record.time_us for one in logs.search(LogFilter.parse("n=")) for hit in one.entries) == left
        ),
        lambda logs: [entry.id - 1 for entry in logs.page(EVERYTHING, after=10, limit=20)] == left[10:30],
        lambda logs: logs.facets(LogFilter.parse("step:10..40")).total == 15,
        lambda logs: sum(sum(s.counts.values()) for s in logs.timeline(EVERYTHING, 50, since_us=0).spans) == 44,
        lambda logs: logs.at_time(EVERYTHING, 20) == 33,
    ]
    for question in questions:
        logs = Logs(store)
        with captured() as said:
            assert question(logs)
            assert numbers(logs) == left
            assert (logs.count(), logs.rank(EVERYTHING, 60), logs.at_rank(EVERYTHING, 16)) == (44, (43, 44), 33)
        assert logs.damaged() == Damaged(records=16) or "count = 17" in statement
        assert [event.constant.code for event in said] == ["LOG1251"]
        logs.close()
    assert "block 2" in "\n".join(log_problems(store))
    assert damaged(store).records >= 16


@pytest.mark.parametrize("statement", TEXTS.values(), ids=TEXTS)
def test_records_whose_texts_are_damaged_are_there_without_them(store: Path, statement: str) -> None:
    """Their times, kinds, steps and counts are; a text finds the others, and they say what is wrong with them."""
    broken(store, statement)
    logs = Logs(store)
    assert numbers(logs) == list(range(60))
    lost = [entry.record for entry in logs.page(EVERYTHING) if entry.record.message == LOST]
    assert len(lost) == 8
    assert [record.step for record in lost] == [record.time_us for record in lost]
    assert len(numbers(logs, "n=")) == 52
    assert logs.damaged() == damaged(store) == Damaged(texts=8)
    assert "block 2" in "\n".join(log_problems(store))


@pytest.mark.parametrize("statement", SETS.values(), ids=SETS)
def test_without_its_sets_a_block_is_searched_all_the_same(store: Path, statement: str) -> None:
    """They only say where not to look."""
    broken(store, statement)
    logs = Logs(store)
    assert numbers(logs, "n=2") == [2, *range(20, 30)]
    assert numbers(logs, "step:20..21") == [20, 21]
    assert logs.damaged() == Damaged()
    assert "block 2 has another set" in "\n".join(log_problems(store))


def test_what_comes_after_damage_is_stored_and_read(store: Path) -> None:
    """Also where the damaged block is the one that would be merged."""
    broken(store, "update block_columns set payload = x'ff00ff' where block = (select max(id) from block)")
    with Writer(store, thread=False) as writer:
        writer.append(LogRecordV1(time_us=at, level="INFO", message="") for at in range(60, 80))
    assert numbers(Logs(store)) == [*range(48), *range(60, 80)]


def test_a_run_is_deleted_in_spite_of_damage(store: Path) -> None:
    """Of a block in which nothing can be told apart nothing stays; of one without texts the other run's."""
    broken(store, WHOLE["columns flipped"])
    broken(store, TEXTS["text gone"].replace("2 *", "3 *"))
    delete_run_logs(store, "ODD")
    assert numbers(Logs(store)) == [at for at in range(60) if at not in HIT and not at % 2]
    assert [problem for problem in log_problems(store) if "decode" in problem] == []


def test_a_damaged_kind_costs_no_record(store: Path) -> None:
    """Its records say that it is."""
    broken(store, "update kind set tags = 'no JSON', level = 'LOUD' where id = 1")
    logs = Logs(store)
    assert numbers(logs) == list(range(60))
    assert numbers(logs, "flag:damaged") == [at for at in range(60) if at % 10 == 0]


def test_a_damaged_page_of_the_file_is_refused_in_words_that_help(store: Path) -> None:
    """The file is named, new lines wait, and what the words say to do brings them in."""
    with (store / FILE).open("r+b") as file:
        for page in range(1, (store / FILE).stat().st_size // 8192):
            file.seek(page * 8192)
            file.write(b"\xee" * 8192)
    with pytest.raises(StoreUnreadable, match=FILE) as refused:
        Logs(store).page(EVERYTHING)
    assert "logs.db-wal" in refused.value.remedy
    writer = Writer(store, thread=False)
    assert writer.append([LogRecordV1(time_us=7, level="INFO", message="n=7")]) == 1
    writer.close()
    assert len(spools(store)) == 1
    for path in store.glob(f"{FILE}*"):
        path.rename(path.with_suffix(".away"))
    ingest_leftovers(store)
    assert numbers(Logs(store)) == [7]


def test_damage_is_said_to_the_person(store: Path) -> None:
    """By `logs`, `verify` and `doctor`, each with what to do, and with an exit code that a script can read."""
    make_store(store).close()
    broken(store, WHOLE["columns flipped"])
    cornerman = Cornerman(store, store)
    logs, verify, doctor = (cornerman(name) for name in ("logs", "verify", "doctor"))
    assert (logs.returncode, len(logs.stdout.splitlines())) == (0, 44)
    assert "16 damaged. `cornerman verify` says which" in logs.stderr
    assert (verify.returncode, doctor.returncode) == (1, 1)
    assert "block 2 (records 17 to 32)" in verify.stdout
    assert "16 damaged" in doctor.stdout
