"""A store on a network file system is found out before anything is opened, recorded on local disk, copied, and read
from a second node while it grows."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import gymnasium
import numpy as np
import pytest

import cornerman
from cornerman.core.errors import StoreError, StoreNotFound
from cornerman.core.recorder_settings import RecorderSettings
from cornerman.core.schema import SchemaDocument, parse
from cornerman.log_catalog.emitting import captured
from cornerman.store import connection, session
from cornerman.store.api import make_store
from cornerman.store.copier import Copier
from cornerman.store.copies import CopyFiles, read_rows
from cornerman.store.filesystem import filesystem_of
from cornerman.store.network import NoLocalDisk, Place, place_of
from cornerman.store.replica import refresh

CHILD = Path(__file__).parents[1] / "recording" / "killed_child.py"


class Nodes:
    """A cluster on one machine: a mount table in which a folder is NFS, and a local disk for each node."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self._patch = root, monkeypatch
        self.shared = root / "shared"
        self.shared.mkdir()
        self.store = self.shared / "runs"
        self.table = root / "mountinfo"
        mount(self.table, ("/", "ext4"), (self.shared, "nfs4"))
        monkeypatch.setenv("CORNERMAN_MOUNTINFO", str(self.table))
        monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "0.5")
        self.on("writer")

    def on(self, node: str) -> None:
        self._patch.setenv("CORNERMAN_LOCAL", str(self.root / node))

    def local(self) -> Path:
        return place_of(self.store).local

    def copies(self) -> list[Path]:
        return sorted(self.store.glob("copies/*/*.rows"))


def mount(table: Path, *mounts: tuple[Path | str, str]) -> None:
    lines = [f"{n} 1 8:{n} / {point} rw,relatime shared:1 - {kind} source rw" for n, (point, kind) in enumerate(mounts)]
    table.write_text("\n".join(lines) + "\n")


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    found = Nodes(tmp_path, monkeypatch)
    yield found
    found.on("writer")
    end_sessions()


def end_sessions() -> None:
    """What happens when the process ends."""
    for one in list(session._SESSIONS.values()):
        one.close()


def recorded(nodes: Nodes, steps: int = 200, job: str = "net", **options: Any) -> Any:
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=nodes.store, job=job, **options)
    env.reset(seed=1)
    env.action_space.seed(1)
    walk(env, steps)
    return env


def walk(env: Any, steps: int) -> None:
    for _ in range(steps):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()


def contents(path: Path) -> dict[str, Any]:
    """All that a run is, as values that can be compared."""
    with cornerman.open_store(path) as store:
        run = store.run()
        steps = [(step.t, step.reward, np.asarray(step.observation).tobytes(), step.terminated) for step in run.steps()]
        episodes = [(e.seed, e.total_reward, e.ended, e.observations.tobytes()) for e in run.episodes()]
        spaces = [stream.spaces() for stream in run.streams()]
        return {"run": run.run_id, "steps": steps, "episodes": episodes, "ledger": run.ledger(), "spaces": spaces}


def step_count(store: cornerman.Store) -> int:
    """Of the newest run; 0 where there is none yet."""
    return max((run.step_count for run in store.runs()), default=0)


def eventually(question: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.05)


# --- detection -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "network"),
    [("nfs", True), ("nfs4", True), ("lustre", True), ("gpfs", True), ("beegfs", True), ("cifs", True), ("ceph", True),
     ("fuse.sshfs", True), ("fuse.bindfs", True), ("9p", True), ("virtiofs", True), ("afs", True),
     ("ext4", False), ("xfs", False), ("btrfs", False), ("zfs", False), ("overlay", False), ("tmpfs", False),
     ("fuseblk", False), ("fuse.fuse-overlayfs", False)],
)  # fmt: skip
def test_the_mount_table_says_what_is_a_network(nodes: Nodes, kind: str, network: bool) -> None:
    """By the type's name, for a folder that is not there yet too."""
    mount(nodes.table, ("/", "ext4"), (nodes.shared, kind))
    found = filesystem_of(nodes.shared / "not" / "there")
    assert (found.type, found.network) == (kind, network)


def test_the_longest_mount_point_wins_and_the_last_of_equals(nodes: Nodes) -> None:
    """A local scratch disk below a network home is local; what was mounted over something hides it."""
    scratch = nodes.shared / "scratch"
    mount(nodes.table, ("/", "ext4"), (scratch, "xfs"), (nodes.shared, "autofs"), (nodes.shared, "nfs4"))
    assert filesystem_of(nodes.shared).type == "nfs4"
    assert filesystem_of(scratch / "runs").type == "xfs"
    assert filesystem_of(nodes.root / "shared-not").type == "ext4"


def test_spaces_in_mount_points_and_links_are_followed(nodes: Nodes) -> None:
    """The kernel writes a space as \\040; a link into a network folder is in it."""
    folder = nodes.root / "a b"
    folder.mkdir()
    link = nodes.root / "link"
    link.symlink_to(folder)
    mount(nodes.table, ("/", "ext4"), (str(folder).replace(" ", "\\040"), "nfs4"))
    assert filesystem_of(folder / "x").network
    assert filesystem_of(link / "x").network


def test_a_local_folder_is_its_own_place(nodes: Nodes) -> None:
    assert place_of(nodes.root / "local") == Place(nodes.root / "local", nodes.root / "local")


# --- recording -------------------------------------------------------------------------------------------------------


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


def chunks(local: Path) -> list[Any]:
    """The chunks of a node's database, by their digests."""
    (database,) = local.glob("*/store.db")
    with_payload = (
        "select first_row, rows, c.sha256, payload from chunk c join chunk_payload p on p.chunk = c.id order by 1"
    )
    rows: list[Any] = apsw.Connection(str(database)).execute(with_payload).fetchall()
    return rows


@pytest.mark.parametrize("kind", ["frames", "vector", "vector-frames"])
def test_frames_and_vectors_are_the_same_on_both_nodes(nodes: Nodes, kind: str) -> None:
    child = start_child(nodes, kind)
    time.sleep(1.5)
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
    written = contents(nodes.store)
    nodes.on("reader")
    read = contents(nodes.store)
    assert read == written
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
        eventually(lambda: {run.job for run in store.runs()} == {"net", "killed"})
        assert {run.summary().state for run in store.runs()} == {"live"}
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


def start_child(nodes: Nodes, kind: str) -> subprocess.Popen[bytes]:
    counter = nodes.root / "counter"
    counter.write_bytes(bytes(8))
    child = subprocess.Popen([sys.executable, str(CHILD), str(nodes.store), str(counter), kind, "300"])
    eventually(lambda: counter.read_bytes() != bytes(8), 30)
    eventually(lambda: bool(nodes.copies()))
    return child


def test_what_a_killed_process_had_not_copied_the_next_opener_copies(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With an hour between two copies, nothing but recovery can have brought it."""
    monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "3600")
    child = start_child(nodes, "single")
    time.sleep(0.5)
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


def test_without_a_local_disk_nothing_is_opened_and_every_step_is_counted(nodes: Nodes) -> None:
    """Training goes on; the message names what to set."""
    mount(nodes.table, ("/", "nfs4"))
    with captured() as events:
        env = recorded(nodes, 30)
    assert env.cornerman.status()["lost"] == {"store read-only": 30}
    assert "CORNERMAN_LOCAL" in env.cornerman.status()["trouble"]
    assert any(event.constant.code == "LOG1209" for event in events)
    assert not nodes.store.exists()
    with pytest.raises(NoLocalDisk, match="CORNERMAN_LOCAL"):
        cornerman.open_store(nodes.store)
    env.close()


def test_a_local_folder_of_somebody_else_is_not_used(nodes: Nodes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone may write /var/tmp: who was there first must have been us."""
    (nodes.root / "writer").mkdir()
    other = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: other)
    with pytest.raises(NoLocalDisk):
        place_of(nodes.store)


# --- copies ----------------------------------------------------------------------------------------------------------


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
    time.sleep(0.8)
    walk(env, 9000)
    time.sleep(0.8)
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
        assert not refresh(place_of(nodes.store)) or not store.runs()
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


# --- what was there before -------------------------------------------------------------------------------------------


def test_an_older_database_on_the_network_is_read_and_never_changed(nodes: Nodes) -> None:
    """It was made before, or by another program; recording goes beside it."""
    mount(nodes.table, ("/", "ext4"))
    recorded(nodes, 120).close()
    end_sessions()
    mount(nodes.table, ("/", "ext4"), (nodes.shared, "nfs4"))
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in nodes.store.iterdir() if path.is_file()}
    with cornerman.open_store(nodes.store) as store:
        assert store.run().step_count == 120
        assert "read as it is" in store.notices[0]
    recorded(nodes, 30).close()
    end_sessions()
    with cornerman.open_store(nodes.store) as store:
        assert store.run().step_count == 30
        assert any("older store.db" in notice for notice in store.notices)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in before} == before


def test_a_database_is_never_opened_for_writing_on_a_network(nodes: Nodes) -> None:
    """Whoever forgets to ask where the store is gets a refusal, not a damaged file."""
    nodes.store.mkdir()
    with pytest.raises(StoreError, match="never opened for writing on a network"):
        connection.create(nodes.store)
    assert not list(nodes.store.iterdir())
    with pytest.raises(StoreNotFound):
        cornerman.open_store(nodes.store)


def test_a_session_says_once_where_it_records(nodes: Nodes) -> None:
    with captured() as events:
        first = session.session_for(nodes.store, RecorderSettings())
        assert session.session_for(nodes.store, RecorderSettings()) is first
    said = [event for event in events if event.constant.code == "LOG1205"]
    assert len(said) == 1
    assert json.loads(json.dumps(dict(said[0].fields)))["type"] == "nfs4"


# --- a real one ------------------------------------------------------------------------------------------------------


@pytest.fixture
def fuse(tmp_path: Path) -> Iterator[Path]:
    """A folder seen through a FUSE mount that the kernel itself calls one."""
    if not shutil.which("bindfs") or not os.access("/dev/fuse", os.R_OK | os.W_OK):
        pytest.skip("needs bindfs and a /dev/fuse that may be opened")
    behind, mounted = tmp_path / "behind", tmp_path / "mounted"
    behind.mkdir()
    mounted.mkdir()
    done = subprocess.run(["bindfs", str(behind), str(mounted)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"bindfs cannot mount here: {done.stderr.strip()}")
    yield mounted
    end_sessions()
    subprocess.run(["fusermount3", "-u", "-z", str(mounted)], check=False)


@pytest.mark.mounts
def test_a_real_fuse_mount_is_recorded_and_read_from_elsewhere(
    fuse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the kernel's own mount table."""
    monkeypatch.setenv("CORNERMAN_LOCAL", str(tmp_path / "writer"))
    monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "0.5")
    assert filesystem_of(fuse).type.startswith("fuse")
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=fuse / "runs", job="fuse")
    env.reset(seed=1)
    walk(env, 100)
    eventually(lambda: bool(list((fuse / "runs").rglob("*.rows"))))
    assert not list((fuse / "runs").rglob("store.db*"))
    monkeypatch.setenv("CORNERMAN_LOCAL", str(tmp_path / "reader"))
    with cornerman.open_store(fuse / "runs") as store:
        eventually(lambda: step_count(store) == 100)
    env.close()


def ticks(version: str, **more: Any) -> SchemaDocument:
    return parse({"id": "ticks", "version": version, "properties": {"price": {"type": "number"}, **more}})


def test_schemas_travel_between_the_nodes(nodes: Nodes) -> None:
    """What one node registers, retires or sets, another resolves, with who and when; it carries nothing back."""
    with make_store(nodes.store) as store:
        store.schemas.add(ticks("1.0.0"), mode="NONE", note="the first")
        store.schemas.add(ticks("1.1.0", size={}))
        store.schemas.retire("ticks@1.0.0")
    nodes.on("reader")
    with cornerman.open_store(nodes.store) as store:
        assert store.schemas.get("ticks@1.0.0") == ticks("1.0.0")
        assert store.schemas.get("ticks").version == "1.1.0"
        assert store.schemas.mode("ticks") == "NONE"
        assert [event.action for event in store.schemas.history("ticks")] == ["add", "add", "retire"]
        assert store.schemas.history("ticks")[0].note == "the first"
        store.schemas.add(ticks("1.2.0", side={}))
    nodes.on("writer")
    with cornerman.open_store(nodes.store) as store:
        assert store.schemas.get("ticks").version == "1.2.0"
        assert len(store.schemas.history("ticks")) == 4


def test_two_nodes_that_register_the_same_version_are_told(nodes: Nodes) -> None:
    """Each keeps its own: a registered version never changes."""
    with make_store(nodes.store) as store:
        store.schemas.add(ticks("1.0.0"))
        nodes.on("reader")
        with make_store(nodes.store) as other:
            other.schemas.add(ticks("1.0.0", size={}))
    with cornerman.open_store(nodes.store) as store:
        assert store.schemas.get("ticks") == ticks("1.0.0", size={})
        assert any("ticks@1.0.0 was registered on" in notice for notice in store.notices)
