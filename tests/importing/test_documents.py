"""Records of other programs: each accepted or in quarantine, exactly once, however often and wherever it is stopped."""

from __future__ import annotations

import contextlib
import json
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import Cornerman

from cornerman.adapters.importing import import_documents
from cornerman.core.schema import SchemaDocument, parse
from cornerman.core.schema.samples import mutated, valid
from cornerman.store.api import Store, make_store
from cornerman.store.quarantine import Selection

TICKS: dict[str, Any] = {
    "id": "ticks_v1",
    "version": "1.1.0",
    "type": "object",
    "properties": {
        "ts": {"type": "string", "format": "date-time"},
        "price": {"type": "number", "minimum": 0},
        "size": {"type": ["integer", "null"]},
        "side": {"enum": ["B", "S"]},
    },
    "required": ["ts", "price", "size"],
    "additionalProperties": False,
}


@pytest.fixture
def ticks() -> SchemaDocument:
    return parse(TICKS)


@pytest.fixture
def store(tmp_path: Path, ticks: SchemaDocument) -> Iterator[Store]:
    with make_store(tmp_path / "store") as opened:
        opened.schemas.add(ticks)
        yield opened


def lines_of(path: Path, values: list[Any]) -> Path:
    path.write_text("".join(json.dumps(value) + "\n" for value in values))
    return path


def stored(store: Store) -> list[Any]:
    return [json.loads(one.content) for one in store.documents.documents(store.documents.imports())]


def test_every_record_is_stored_or_in_quarantine(store: Store, ticks: SchemaDocument, tmp_path: Path) -> None:
    good, bad = valid(ticks, 40, seed=1), [each.value for each in mutated(ticks, 30, seed=1)]
    values = good + bad
    random.Random(1).shuffle(values)
    done = import_documents(store, lines_of(tmp_path / "data.jsonl", values), ticks)
    assert (done.accepted, done.refused, done.whole) == (40, 30, True)
    assert stored(store) == [value for value in values if value in good]
    held = [record.document() for record in store.quarantine.each()]
    assert held == [value for value in values if value not in good]
    assert sum(done.rules.values()) >= 30


def test_the_same_file_adds_nothing_and_a_grown_one_what_is_new(
    store: Store, ticks: SchemaDocument, tmp_path: Path
) -> None:
    values = valid(ticks, 30) + [{"broken": True}]
    path = lines_of(tmp_path / "data.jsonl", values)
    import_documents(store, path, ticks)
    again = import_documents(store, path.rename(tmp_path / "moved.jsonl"), ticks)
    assert (again.accepted, again.refused, again.before, again.refused_before) == (0, 0, 30, 1)
    more = valid(ticks, 5, seed=9)
    grown = import_documents(store, lines_of(tmp_path / "data.jsonl", values + more), ticks)
    assert (grown.accepted, grown.before) == (5, 30)
    assert stored(store) == values[:30] + more
    assert len(store.documents.imports()) == 1


def test_equal_records_are_all_kept(store: Store, ticks: SchemaDocument, tmp_path: Path) -> None:
    """A tick that comes twice in a file happened twice; one that another file has as well, once more."""
    first, second = valid(ticks, 2)
    import_documents(store, lines_of(tmp_path / "a.jsonl", [first, first]), ticks)
    import_documents(store, lines_of(tmp_path / "b.jsonl", [second, first, first]), ticks)
    assert stored(store) == [first, first, second, first, first]


def test_a_file_that_was_changed_is_another_file(store: Store, ticks: SchemaDocument, tmp_path: Path) -> None:
    values = valid(ticks, 10)
    import_documents(store, lines_of(tmp_path / "data.jsonl", values), ticks)
    changed = values[:9] + [{**values[9], "price": 77}]
    done = import_documents(store, lines_of(tmp_path / "data.jsonl", changed), ticks)
    assert (done.accepted, done.before) == (10, 0)


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_a_stopped_import_goes_on_where_it_stopped(
    store: Store, ticks: SchemaDocument, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cornerman.adapters.importing.BATCH", 7)
    path = tmp_path / f"data.{ending}"
    if ending == "csv":
        path.write_text("ts,price,size\n" + "".join(f"2025-01-01T00:00:00Z,{n % 9 - 1},{n}\n" for n in range(50)))
    else:
        lines_of(path, [{"ts": "2025-01-01T00:00:00Z", "price": n % 9 - 1, "size": n} for n in range(50)])
    calls = 0
    while not (done := import_documents(store, path, ticks, stopped=lambda: True)).whole:
        calls += 1
    assert calls == 8
    assert (done.before, done.refused_before) == (44, 6)
    assert [value["size"] for value in stored(store)] == [n for n in range(50) if n % 9]
    assert store.quarantine.count() == 6


def test_cells_are_read_as_the_schema_types_them(store: Store, ticks: SchemaDocument, tmp_path: Path) -> None:
    path = tmp_path / "ticks.csv"
    path.write_text("ts;price;size;side\n2025-01-01T00:00:00Z;1.5;;B\n2025-01-01T00:00:01Z;NaN;007;\n2025;1\n")
    done = import_documents(store, path, ticks)
    assert stored(store) == [{"ts": "2025-01-01T00:00:00Z", "price": 1.5, "size": None, "side": "B"}]
    assert done.rules == {("type", "/size"): 1, ("record", ""): 1}
    assert [record.raw for record in store.quarantine.each()][1] == b"2025;1"


def test_without_a_store_records_are_only_judged(store: Store, ticks: SchemaDocument, tmp_path: Path) -> None:
    path = lines_of(tmp_path / "data.jsonl", [*valid(ticks, 3), {}])
    done = import_documents(None, path, ticks)
    assert (done.accepted, done.refused, done.import_id) == (3, 1, 0)
    assert store.documents.imports() == []
    assert store.quarantine.count() == 0


def test_what_a_later_version_allows_comes_out_of_quarantine(
    store: Store, ticks: SchemaDocument, tmp_path: Path
) -> None:
    """Into the documents of that version, beside its file's name and line."""
    value = {"ts": "2025-01-01T00:00:00Z", "price": 1, "size": 2, "venue": "X"}
    import_documents(store, lines_of(tmp_path / "data.jsonl", [value]), ticks)
    properties = {**TICKS["properties"], "venue": {"type": "string"}}
    store.schemas.add(parse({**TICKS, "version": "1.2.0", "properties": properties}))
    assert len(store.quarantine.retry().accepted) == 1
    assert store.quarantine.retry(Selection(state="accepted")).accepted
    assert stored(store) == [value]
    assert [one.accepted for one in store.documents.imports("ticks_v1@1.2.0")] == [1]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("update document set content = '{}' where line = 7", "these lines are not those that were stored: 7"),
        ("delete from document where line = 7", "has 19 documents, and accepted 20"),
    ],
)
def test_verify_finds_documents_that_are_not_as_they_were(
    store: Store, ticks: SchemaDocument, tmp_path: Path, damage: str, said: str
) -> None:
    import_documents(store, lines_of(tmp_path / "data.jsonl", valid(ticks, 20)), ticks)
    assert list(store.verify()) == []
    with contextlib.closing(sqlite3.connect(store.path / "store.db")) as connection, connection:
        connection.execute(damage)
    (finding,) = store.verify()
    assert finding.what == "documents"
    assert said in finding.message


def test_documents_can_be_asked_in_sql_and_removed(store: Store, ticks: SchemaDocument, tmp_path: Path) -> None:
    values = valid(ticks, 20)
    import_documents(store, lines_of(tmp_path / "data.jsonl", values), ticks)
    ((total, lines),) = store.sql(
        "select sum(json_extract(content, '$.price')), max(line) from document where schema = 'ticks_v1@1.1.0'"
    ).fetchall()
    assert total == pytest.approx(sum(value["price"] for value in values))
    assert lines == 20
    assert store.documents.delete(store.documents.imports()[0].id) == 20
    assert stored(store) == []


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def cornerman(tmp_path: Path) -> Iterator[Cornerman]:
    command = Cornerman(tmp_path / "store", tmp_path)
    yield command
    command.stop()


def test_import_registers_judges_and_says(cornerman: Cornerman, ticks: SchemaDocument) -> None:
    (cornerman.folder / "ticks.json").write_text(json.dumps(TICKS))
    lines_of(cornerman.folder / "data.jsonl", [*valid(ticks, 8), {"ts": 1}, {"ts": "2025-01-01T00:00:00Z", "size": 1}])
    done = cornerman("import", "data.jsonl", "--schema", "ticks.json", "--json")
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["accepted"], answer["refused"]) == (8, 2)
    assert answer["refused_by"][0] == {"rule": "required", "path": "/price", "records": 2}
    assert cornerman("import", "data.jsonl", "--schema", "ticks_v1").returncode == 1  # it still holds refused ones
    assert cornerman.json("documents")["imports"][0]["accepted"] == 8
    exported = cornerman("documents", "export", "ticks_v1").stdout.splitlines()
    assert [json.loads(line) for line in exported] == valid(ticks, 8)
    assert cornerman("documents", "export", "7").returncode == 1


def test_import_says_what_it_needs(cornerman: Cornerman) -> None:
    lines_of(cornerman.folder / "data.jsonl", [{"a": 1}])
    done = cornerman("import", "data.jsonl")
    assert done.returncode == 2
    assert "--schema" in done.stderr
    assert cornerman("import", "nothing.csv", "--schema", "cornerman.log_record").returncode == 2
    assert cornerman("import", "data.jsonl", "--schema", "nothing").returncode == 1


def test_recorded_steps_become_a_run(cornerman: Cornerman) -> None:
    cornerman.json("fixtures", "make", "cornerman.step", "--out", "made", "--count", "40")
    answer = cornerman.json("import", "made/legacy.jsonl", "--job", "old")
    assert sum(run["steps"] for run in answer["runs"]) == 40
    assert cornerman.json("runs")["runs"][0]["job"] == "old"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_stored_twice_or_lost_when_it_is_stopped(cornerman: Cornerman, number: signal.Signals) -> None:
    (cornerman.folder / "ticks.json").write_text(json.dumps(TICKS))
    cornerman.json("schema", "add", "ticks.json")
    count = 30_000
    with (cornerman.folder / "data.jsonl").open("w") as file:
        for n in range(count):
            file.write(json.dumps({"ts": "2025-01-01T00:00:00Z", "price": n % 50 - 1, "size": n}) + "\n")
    child = cornerman.start("import", "data.jsonl", "--schema", "ticks_v1")
    with sqlite3.connect(f"file:{cornerman.store}/store.db?mode=ro", uri=True) as looked:
        while not looked.execute("select count(*) from document_import").fetchone()[0] and child.poll() is None:
            time.sleep(0.002)
    child.send_signal(number)
    child.communicate(timeout=30)
    assert child.returncode == (130 if number == signal.SIGINT else -9)
    answer = json.loads(cornerman("import", "data.jsonl", "--schema", "ticks_v1", "--json").stdout)
    assert answer["accepted"] + answer["before"]["accepted"] == count - count // 50
    rows = cornerman.json("sql", "select count(*), count(distinct line), count(distinct content) from document")
    assert set(rows["rows"][0].values() if isinstance(rows["rows"][0], dict) else rows["rows"][0]) == {
        count - count // 50
    }


def test_records_that_no_program_can_read_are_shown_and_written_out(
    store: Store, ticks: SchemaDocument, cornerman: Cornerman, tmp_path: Path
) -> None:
    """Deep, with half a character, with a number nobody gave: held with their bytes, and no command trips over them."""
    hostile = ["[" * depth + "]" * depth for depth in (200, 201, 450, 1000, 100_000)] + ['{"ts": "\\ud800"}']
    (tmp_path / "hostile.jsonl").write_text("\n".join(hostile) + "\n")
    counts = import_documents(store, tmp_path / "hostile.jsonl", ticks)
    assert counts.refused == len(hostile)
    assert [record.raw.decode() for record in store.quarantine.each()] == hostile
    for command in (("show", *"123456"), ("show", *"123456", "--json"), ("list", "--each"), ("export",)):
        assert cornerman("quarantine", *command).returncode == 0
    assert cornerman("quarantine", "retry").returncode == 1
    assert cornerman("quarantine", "show", str(10**20)).returncode == 1
