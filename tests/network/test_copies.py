"""The files of copies: torn ends, repetitions, deletions, and room."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest
from cluster import Nodes, chunks, contents, end_sessions, eventually, recorded, step_count, walk

import cornerman
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.store import session
from cornerman.store.copier import Copier
from cornerman.store.copies import CopyFiles, read_rows
from cornerman.store.network import place_of
from cornerman.store.replica import refresh


def test_a_torn_tail_is_ignored_until_it_is_whole(tmp_path: Path) -> None:
    """Cut anywhere, and zeros where a server had no data yet: what is whole is read, and the rest when it is there."""
    files = CopyFiles(tmp_path, {"host": "h"})
    for number in range(3):
        files.append({"kind": "alive", "number": number})
    files.flush()
    (path,) = tmp_path.iterdir()
    data = path.read_bytes()
    ends = [end for _, end in read_rows(path)]
    for cut in range(len(data)):
        path.write_bytes(data[:cut])
        assert len(list(read_rows(path))) == sum(end <= cut for end in ends)
        sparse = data[:cut] + bytes(len(data) - cut)
        path.write_bytes(sparse)
        assert len(list(read_rows(path))) == sum(sparse[:end] == data[:end] for end in ends)
    path.write_bytes(data)
    assert [row["number"] for row, _ in read_rows(path, ends[1])] == [1, 2]


def test_files_are_rotated_and_a_new_writer_never_goes_on_in_an_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cornerman.store.copies.ROTATE_BYTES", 1000)
    files = CopyFiles(tmp_path, {"host": "h"})
    for _ in range(10):
        files.append({"kind": "alive", "bytes": bytes(600)})
        files.flush()
        if files.full:
            files.end()
    assert len(list(tmp_path.iterdir())) == 5
    for path in tmp_path.iterdir():
        rows = [row["kind"] for row, _ in read_rows(path)]
        assert rows == ["copier", "alive", "alive", "end"]


def test_copies_that_come_twice_in_any_order_change_nothing(nodes: Nodes) -> None:
    """The same files once more under other names, the older half after the newer."""
    env = recorded(nodes, 100)
    eventually(lambda: bool(nodes.copies()))
    walk(env, 9000)
    env.close()
    end_sessions()
    nodes.on("reader")
    before = contents(nodes.store)
    held = chunks(nodes.root / "reader")
    for path in nodes.copies():
        again = path.parent.with_name(path.parent.name + "-again")
        again.mkdir(exist_ok=True)
        shutil.copy(path, again / path.name)
        (again / "000009.rows").write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert refresh(place_of(nodes.store))
    assert contents(nodes.store) == before
    assert chunks(nodes.root / "reader") == held


def test_the_inputs_of_a_run_travel_with_it(nodes: Nodes) -> None:
    """The other node's reader finds the run's folder, whole, and checks it; where the run is deleted it goes."""
    config = nodes.root / "config.yaml"
    config.write_text("learning_rate: 0.1\n")
    recorded(nodes, 100, inputs=config).close()
    end_sessions()
    assert not (nodes.store / "runs").exists(), "the network folder holds copies, nothing else"
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        run = store.run()
        assert (run.folder / "inputs" / "config.yaml").read_bytes() == config.read_bytes()
        assert run.folder.is_relative_to(nodes.root / "reader")
        assert not list(store.verify())
        store.delete(run.run_id)
    cornerman.open_store(nodes.store).close()
    assert not list((nodes.local() / "runs").iterdir())
    nodes.on("writer")
    with cornerman.open_store(nodes.store) as store:
        assert (store.run().folder / "inputs" / "config.yaml").exists()


def test_a_deleted_run_goes_from_other_nodes_too(nodes: Nodes) -> None:
    recorded(nodes, 100).close()
    end_sessions()
    nodes.on("reader")
    assert contents(nodes.store)["steps"]
    nodes.on("writer")
    with cornerman.open_store(nodes.store) as store:
        store.delete(store.run().run_id)
    cornerman.open_store(nodes.store).close()
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        assert not store.runs()
    assert not list((nodes.local() / "runs").iterdir())


def test_the_copies_of_deleted_runs_are_removed_and_those_of_others_stay(nodes: Nodes) -> None:
    """A node that had read them hears of the deletion all the same, and one that comes later."""
    recorded(nodes, 100).close()
    end_sessions()
    (first,) = nodes.copies()
    nodes.on("reader")
    assert contents(nodes.store)["steps"]
    nodes.on("writer")
    recorded(nodes, 50, job="other").close()
    end_sessions()
    assert len(nodes.copies()) == 2
    with cornerman.open_store(nodes.store) as store:
        store.delete(store.run("net").run_id)
    cornerman.open_store(nodes.store).close()
    assert first not in nodes.copies()
    for reader in ("reader", "later"):
        nodes.on(reader)
        with cornerman.open_store(nodes.store) as store:
            assert [run.step_count for run in store.runs()] == [50]
            assert not list(store.verify())


def test_the_budget_holds_for_the_copies_too(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies in the network folder counts, whoever wrote it."""
    other = nodes.store / "copies" / "elsewhere-process"
    other.mkdir(parents=True)
    (other / "000001.rows").write_bytes(bytes(8 << 20))
    monkeypatch.setenv("CORNERMAN_STORAGE_MAX_STORE_BYTES", str(4 << 20))
    env = recorded(nodes, 10)
    eventually(lambda: session.session_for(nodes.store, RecorderSettings.from_environment()).no_room() == "budget")
    env.close()


def test_a_run_deleted_where_it_was_only_read_does_not_come_back(nodes: Nodes) -> None:
    """Its node goes on recording it; here, nobody wants to see it."""
    env = recorded(nodes, 100)
    eventually(lambda: bool(nodes.copies()))
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        eventually(lambda: step_count(store) == 100)
        store.delete(store.run().run_id)
        walk(env, 200)
        time.sleep(1)
        refresh(place_of(nodes.store))
        assert not store.runs()
    env.close()


def test_a_copier_that_dies_before_its_cursor_moved_brings_the_rows_again(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once, and read as once."""

    def die(*_: object) -> None:
        raise OSError("killed here")

    with monkeypatch.context() as patched:
        patched.setattr(Copier, "_remember", die)
        env = recorded(nodes, 9000)
        eventually(lambda: len(nodes.copies()) > 1)
    walk(env, 100)
    env.close()
    end_sessions()
    here = contents(nodes.store)
    nodes.on("reader")
    assert contents(nodes.store) == here
    with cornerman.open_store(nodes.store) as store:
        assert not list(store.verify())
