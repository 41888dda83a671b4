"""Refused records are changed, judged and accepted in one step; what came is never changed, and its history is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from recordings import Faulty, Recording

import cornerman
from cornerman.adapters.importing import import_documents
from cornerman.core import values
from cornerman.core.errors import InvalidOption
from cornerman.core.schema import parse
from cornerman.store.api import Store, make_store
from cornerman.store.connection import connect
from cornerman.store.quarantine import Selection

TICKS = {
    "id": "ticks", "version": "1.0.0", "required": ["price"], "additionalProperties": False,
    "properties": {"price": {"type": "number"}, "size": {"type": "integer"}},
}  # fmt: skip
RECORDS: list[Any] = [{"price": 1}, {"px": 2, "size": "3"}, {"px": 4, "size": "x"}, {"price": 5, "size": "6"}]
RULES = "rename /px price; convert /size integer"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    lines = tmp_path / "ticks.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    with make_store(tmp_path / "store") as opened:
        opened.schemas.add(parse(TICKS))
        import_documents(opened, lines, opened.schemas.get("ticks"))
        yield opened


def stored(store: Store) -> list[Any]:
    return [json.loads(one.content) for one in store.documents.documents(store.documents.imports())]


def test_a_rule_mends_a_group_and_what_it_does_not_mend_stays(store: Store) -> None:
    found = store.quarantine.edit(Selection(schema="ticks"), RULES, note="vendor B")
    assert (len(found.accepted), len(found.refused)) == (2, 1)
    assert stored(store) == [{"price": 1}, {"price": 2, "size": 3}, {"price": 5, "size": 6}]
    (left,) = store.quarantine.list()
    assert left.document() == RECORDS[2]


def test_what_came_is_kept_beside_what_was_made_of_it(store: Store) -> None:
    (number, *_) = store.quarantine.edit(Selection(schema="ticks"), RULES, note="vendor B").accepted
    record = store.quarantine.get(number)
    assert record.document() == RECORDS[1]
    assert {error.rule for error in record.errors} == {"required", "type", "additionalProperties"}
    (edit,) = store.quarantine.edits(number)
    assert (edit.what, edit.note, edit.schema) == (RULES, "vendor B", "ticks@1.0.0")
    assert "@" in edit.who
    assert record.result() == json.loads(edit.raw) == {"price": 2, "size": 3}


def test_a_preview_changes_nothing(store: Store) -> None:
    found = store.quarantine.edit(Selection(schema="ticks"), RULES, dry_run=True)
    assert len(found.accepted) == 2
    assert (found.previews[0].before, found.previews[0].after) == (RECORDS[1], {"price": 2, "size": 3})
    assert (len(stored(store)), store.quarantine.count()) == (1, 3)


def test_one_record_is_written_anew(store: Store) -> None:
    assert store.quarantine.rewrite(2, {"price": "no"}).refused[2][0].path == "/price"
    assert store.quarantine.rewrite(2, {"price": 4, "size": 1}).accepted == (2,)
    assert {"price": 4, "size": 1} in stored(store)


def test_what_is_decided_is_not_edited_again(store: Store) -> None:
    store.quarantine.edit(Selection(schema="ticks"), RULES)
    with pytest.raises(InvalidOption):
        store.quarantine.edit(Selection(state="accepted"), "drop /size")
    assert store.quarantine.rewrite(1, {"price": 7}).accepted == ()


@pytest.mark.parametrize(
    "statement", ["update quarantine set raw = x'00'", "update quarantine_edit set who = 'nobody'"]
)
def test_no_program_can_change_what_came_or_its_history(store: Store, statement: str) -> None:
    store.quarantine.edit(Selection(schema="ticks"), RULES)
    connection = connect(store.path, write=True)
    with pytest.raises(Exception, match=r"as it came|never changes"):
        connection.execute(statement)
    connection.close()


def test_a_refused_step_is_edited_with_its_types(tmp_path: Path) -> None:
    with make_store(tmp_path) as store:
        store.enforcement.set("*", "enforce")
    Recording(tmp_path, Faulty()).run(40).close()
    with cornerman.open_store(tmp_path) as store:
        found = store.quarantine.edit(Selection(path="/observation/*"), "set /observation/1 1.5")
        step = values.decode(store.quarantine.edits(found.accepted[0])[0].raw)
        assert (str(step["observation"].dtype), float(step["observation"][1])) == ("float32", 1.5)
        assert [str(finding) for finding in store.verify()] == []
        store.delete(store.run().run_id)
        assert store.quarantine.count(Selection(state=None)) == 0
        assert store._shelf.query("select count(*) from quarantine_edit") == [(0,)]
