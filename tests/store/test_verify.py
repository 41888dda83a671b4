"""`verify` finds what is damaged and is silent where all is well; a deleted run is gone."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest
from recordings import Recording

from cornerman.core.errors import NotFound
from cornerman.store.api import open_store
from cornerman.store.connection import connect


@pytest.fixture
def store(tmp_path: Path) -> Path:
    Recording(tmp_path / "store").run(6000).close()
    return tmp_path / "store"


def findings(store: Path) -> list[str]:
    with open_store(store) as opened:
        return [finding.what for finding in opened.verify("latest")]


def change(store: Path, statement: str) -> None:
    connection = connect(store, write=True)
    connection.execute(statement)
    connection.close()


def test_a_sound_run_has_no_findings(store: Path) -> None:
    assert findings(store) == []


def test_a_run_under_way_has_no_findings(tmp_path: Path) -> None:
    recording = Recording(tmp_path).run(3000)
    with open_store(tmp_path, read_only=True) as opened:
        assert [str(finding) for finding in opened.verify()] == []
    recording.close()


FIRST = "(select min(id) from chunk)"
DAMAGE = {
    "a byte of a chunk": (
        "update chunk_payload set payload = cast(substr(payload, 1, 999) || x'77' || substr(payload, 1001) as blob)"
        f" where chunk = {FIRST}",
        "chunk",
    ),
    "a payload that is missing": (f"delete from chunk_payload where chunk = {FIRST}", "chunk"),
    "a chunk that is missing": (
        "delete from chunk where id = (select id from chunk order by id limit 1 offset 1)",
        "rows",
    ),
    "a count in a chunk's row": (f"update chunk set transitions = transitions + 1 where id = {FIRST}", "chunk"),
    "a sum of rewards": (f"update chunk set reward_sum = reward_sum + 1 where id = {FIRST}", "chunk"),
    "a stream's total": ("update stream set transitions = transitions - 1", "totals"),
    "a ledger that does not add up": (
        "update ledger set transitions = transitions + 5 where cause = 'received'",
        "ledger",
    ),
}


@pytest.mark.parametrize(("statement", "what"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_found(store: Path, statement: str, what: str) -> None:
    change(store, statement)
    assert what in findings(store)


def test_a_lost_chunk_unbalances_the_ledger(store: Path) -> None:
    """Stored transitions are counted in the chunks, not taken from a total that would hide the loss."""
    change(store, f"delete from chunk where id = {FIRST}")
    assert "ledger" in findings(store)
    with open_store(store) as opened:
        assert not opened.run().ledger().balanced


def test_the_rest_of_a_damaged_run_is_read(store: Path) -> None:
    change(store, f"delete from chunk where id = {FIRST}")
    with open_store(store) as opened:
        (stream,) = opened.run().streams()
        newest = stream.row_count() - 1
        assert stream.step(newest).row == newest
        with pytest.raises(NotFound):
            stream.step(0)


def test_a_deleted_run_is_gone_with_all_it_had(store: Path) -> None:
    with open_store(store) as opened:
        freed = opened.delete(opened.run().run_id)
        assert freed > 0
        assert not opened.runs()
    connection = connect(store)
    for table in ("stream", "chunk", "chunk_payload", "frame_chunk", "frame_payload", "ledger"):
        assert connection.execute(f"select count(*) from {table}").fetchall() == [(0,)]
    connection.close()


def test_a_deletion_happens_whole_or_not_at_all(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise apsw.FullError

    monkeypatch.setattr("cornerman.store.delete._purge", fail)
    with open_store(store) as opened:
        before = opened.run().step_count
        with pytest.raises(Exception, match="disk is full"):
            opened.delete(opened.run().run_id)
    with open_store(store) as opened:
        assert opened.run().step_count == before
    assert findings(store) == []


def test_deleting_a_run_that_is_being_recorded_leaves_the_loop_alone(tmp_path: Path) -> None:
    recording = Recording(tmp_path).run(3000)
    with open_store(tmp_path, read_only=True) as opened:
        opened.delete(opened.run().run_id)
    recording.run(6000).close()
    with open_store(tmp_path) as opened:
        assert not opened.runs()
    assert not list((tmp_path / "journal").glob("*/*.seg"))
