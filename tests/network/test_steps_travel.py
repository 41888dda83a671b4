"""A store on a network is recorded on local disk, copied, and read from a second node while it grows."""

from __future__ import annotations

import signal
import time
from typing import Any

import gymnasium
import pytest
from cluster import Nodes, chunks, contents, end_sessions, eventually, recorded, start_child, step_count, walk

import cornerman
from cornerman.log_catalog.emitting import captured
from cornerman.store.copies import read_rows


def test_nothing_but_copies_comes_to_the_network_folder(nodes: Nodes) -> None:
    """The database, its log and the journal are on local disk, in a folder for its owner alone."""
    env = recorded(nodes)
    eventually(lambda: bool(nodes.copies()))
    assert {path.name for path in nodes.store.iterdir()} == {"copies"}
    assert not [path for path in nodes.store.rglob("*") if path.is_file() and path.suffix != ".rows"]
    assert (nodes.local() / "store.db").exists()
    assert (nodes.local().stat().st_mode & 0o777) == 0o700
    env.close()


def test_the_same_node_reads_the_database_itself(nodes: Nodes) -> None:
    """Open steps included, with notices that say where it is and how far it was copied."""
    env = recorded(nodes, 50)
    with cornerman.open_store(nodes.store) as store:
        assert store.run().step_count == 50
        assert store.path == nodes.local()
        assert any("on a network (nfs4)" in notice for notice in store.notices)
        eventually(lambda: any("copied up to t=50" in notice for notice in store.notices))
        assert any("up to t=50" in note for note in store.run().summary().notes)
    env.close()


def test_a_second_node_reads_while_it_grows(nodes: Nodes) -> None:
    """Steps that no chunk holds yet too, and the state of the run; at the end both see the same."""
    env = recorded(nodes, 40)
    nodes.on("reader")
    eventually(lambda: bool(nodes.copies()))
    with cornerman.open_store(nodes.store) as store:
        eventually(lambda: step_count(store) == 40)
        assert store.run().summary().state == "live"
        walk(env, 60)
        eventually(lambda: step_count(store) == 100)
        walk(env, 20_000)
        eventually(lambda: step_count(store) == 20_100)
        summary = store.run().summary()
        assert summary.ledger.balanced
        assert summary.ledger.stored == 20_100
        assert any("copied up to t=20100" in note for note in summary.notes)
        assert any("copied up to t=20100" in notice for notice in store.notices)
    env.close()
    end_sessions()
    there = contents(nodes.store)
    with cornerman.open_store(nodes.store) as store:
        assert store.run().summary().state == "done"
        assert not list(store.verify())
    nodes.on("writer")
    assert contents(nodes.store) == there
    assert chunks(nodes.root / "writer") == chunks(nodes.root / "reader")


def test_normalization_statistics_travel(nodes: Nodes) -> None:
    """Each snapshot, once, however often it is sent; a run deleted there takes them along."""
    made = gymnasium.wrappers.NormalizeObservation(gymnasium.make("CartPole-v1"))
    env = cornerman.record(made, store=nodes.store, frames="none")
    env.reset(seed=1)
    walk(env, 200)
    env.close()
    end_sessions()
    query = "select kind, t, place, count, mean, var from norm_stats"
    with cornerman.open_store(nodes.store) as store:
        here = store.sql(query).fetchall()
    assert here
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        assert store.sql(query).fetchall() == here
        assert store.run().streams()[0].normalization()["observation"].count == made.obs_rms.count
        store.delete(store.run().run_id)
        assert not store.sql(query).fetchall()


@pytest.mark.parametrize("kind", ["frames", "vector", "vector-frames"])
def test_frames_and_vectors_are_the_same_on_both_nodes(nodes: Nodes, kind: str) -> None:
    child = start_child(nodes, kind)
    time.sleep(0.5)
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        eventually(lambda: step_count(store) > 0)
    child.send_signal(signal.SIGKILL)
    child.wait()
    nodes.on("writer")
    here = contents(nodes.store)
    nodes.on("reader")
    assert contents(nodes.store) == here
    assert here["ledger"].balanced
    if "frames" in kind:
        with cornerman.open_store(nodes.store) as store:
            stream = store.run().streams()[0]
            frame = stream.frame(stream.row_count() - 1)
            assert frame is not None


def judgements(nodes: Nodes) -> list[Any]:
    with cornerman.open_store(nodes.store) as store:
        return [*store.enforcement.judged(), *store.enforcement.mismatches()]


class Broken(gymnasium.ObservationWrapper[Any, Any, Any]):
    """Every fifth observation is out of bounds."""

    number = 0

    def observation(self, observation: Any) -> Any:
        self.number += 1
        return observation + 100 * (self.number % 5 == 0)


def test_what_a_schema_refused_is_refused_on_every_node(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its values are in the quarantine of the node that recorded, and nowhere else once it is sealed."""
    monkeypatch.setenv("CORNERMAN_PRODUCER_SCHEMA_MODE", "enforce")
    nodes.on("writer")
    env = cornerman.record(Broken(gymnasium.make("CartPole-v1")), store=nodes.store, job="net")
    env.reset(seed=1)
    walk(env, 300)
    env.close()
    end_sessions()
    written, said = contents(nodes.store), judgements(nodes)
    nodes.on("reader")
    read = contents(nodes.store)
    assert read == written
    assert judgements(nodes) == said
    assert said[0].bad > 40
    assert written["ledger"].quarantined > 40
    assert written["ledger"].balanced
    for node in ("reader", "writer"):
        nodes.on(node)
        with cornerman.open_store(nodes.store) as store:
            assert [str(finding) for finding in store.verify()] == []


def test_two_nodes_record_into_one_folder_and_each_sees_both(nodes: Nodes) -> None:
    """Neither waits for the other, nor copies what is not its own."""
    nodes.on("other")
    child = start_child(nodes, "single")
    nodes.on("writer")
    env = recorded(nodes, 100)
    with cornerman.open_store(nodes.store) as store:
        eventually(
            lambda: {(run.job, run.summary().state) for run in store.runs()} == {("net", "live"), ("killed", "live")}
        )
        child.terminate()
        child.wait()
    nodes.on("other")
    with cornerman.open_store(nodes.store) as store:
        eventually(lambda: {run.job for run in store.runs()} == {"net", "killed"})
        assert store.run("killed").summary().state != "live"
    env.close()
    end_sessions()
    writers = [next(row for row, _ in read_rows(path)) for path in nodes.copies()]
    streams = [[row["kind"] for row, _ in read_rows(path)].count("stream") for path in nodes.copies()]
    assert len({row["store"] for row in writers}) == 2
    assert all(count <= 2 for count in streams)


def test_what_a_killed_process_had_not_copied_the_next_opener_copies(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an hour between two copies, nothing but recovery can have brought it."""
    monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "3600")
    child = start_child(nodes, "single")
    eventually(lambda: int.from_bytes((nodes.root / "counter").read_bytes(), "little") > 60)
    child.kill()
    child.wait()
    here = contents(nodes.store)
    assert len(here["steps"]) > 50
    nodes.on("reader")
    assert contents(nodes.store) == here


def test_a_clean_end_leaves_nothing_behind(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process waits for its last copy, though the interval is an hour."""
    monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "3600")
    recorded(nodes, 500).close()
    end_sessions()
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        assert (store.run().step_count, store.run().summary().state) == (500, "done")


def test_a_network_that_cannot_be_written_is_said_and_made_up_for(nodes: Nodes) -> None:
    """Recording does not mind; when the folder is there again, everything is copied."""
    nodes.store.mkdir()
    (nodes.store / "copies").write_text("in the way")
    with captured() as events:
        env = recorded(nodes, 100)
        eventually(lambda: any(event.constant.code == "LOG1206" for event in events))
        assert not env.cornerman.status()["lost"]
        with cornerman.open_store(nodes.store) as store:
            eventually(lambda: any("Nothing could be copied" in notice for notice in store.notices))
            (nodes.store / "copies").unlink()
            eventually(lambda: any("copied up to t=100" in notice for notice in store.notices))
            assert not any("Nothing could be copied" in notice for notice in store.notices)
    env.close()
