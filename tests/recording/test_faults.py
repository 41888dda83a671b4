"""When the store cannot take what comes, training goes on, the loss is counted, and recording resumes where it can."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import gymnasium
import numpy as np
import pytest
from waiting import wait_until

import cornerman
from cornerman.core.errors import StoreNotFound, StoreTooNew, StoreUnreadable
from cornerman.store.session import _close_all


class Counter(gymnasium.Env):
    """Numbers its steps, and weighs a kilobyte each, so that little room is soon used up."""

    observation_space: Any = gymnasium.spaces.Box(0, 255, (1024,), np.uint8)
    action_space: Any = gymnasium.spaces.Discrete(2)

    def __init__(self) -> None:
        self.number = 0
        self.noise = np.random.default_rng(1)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        return self.noise.integers(0, 256, 1024, np.uint8), {}

    def step(self, action: Any) -> Any:
        self.number += 1
        return self.noise.integers(0, 256, 1024, np.uint8), float(self.number), self.number % 50 == 0, False, {}


def go(env: Any, steps: int) -> None:
    for _ in range(steps):
        if env.step(0)[2]:
            env.reset()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB, where this machine lets us make one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", str(place)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=False)


@pytest.fixture(autouse=True)
def no_reserve(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("CORNERMAN_STORAGE_MIN_FREE_BYTES", "0")
    yield
    _close_all()


@pytest.mark.mounts
def test_a_full_disk_stops_the_recording_not_the_training(small_disk: Path) -> None:
    """No signal, no exception; what was lost is counted by cause, and recording resumes when there is room."""
    ballast = small_disk / "ballast"
    env = cornerman.record(Counter(), store=small_disk / "store", job="full")
    env.reset()
    go(env, 100)
    ballast.write_bytes(bytes(2 << 20))
    go(env, 9000)
    lost = env.cornerman.status()["lost"]  # type: ignore[attr-defined]
    assert lost.get("disk full", 0) > 1000
    ballast.unlink()
    time.sleep(1.1)
    go(env, 10)
    env.close()
    with cornerman.open_store(small_disk / "store", read_only=True) as store:
        summary = store.run("latest").summary()
        assert summary.ledger.balanced, summary.ledger
        assert summary.ledger.received == 9110
        assert summary.ledger.dropped["disk full"] == sum(env_lost(env).values())


def env_lost(env: Any) -> dict[str, int]:
    lost: dict[str, int] = env.cornerman.status()["lost"]
    return lost


def test_the_budget_stops_the_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`storage.max_store_bytes`: the store stays within it, and the ledger has the count."""
    monkeypatch.setenv("CORNERMAN_STORAGE_MAX_STORE_BYTES", str(4 << 20))
    env = cornerman.record(Counter(), store=tmp_path, job="budget")
    env.reset()
    for _ in range(40):
        go(env, 500)
        time.sleep(0.03)
    env.close()
    size = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert size < 12 << 20
    with cornerman.open_store(tmp_path, read_only=True) as store:
        ledger = store.run("latest").summary().ledger
        assert ledger.balanced
        assert ledger.received == 20000
        assert ledger.dropped["budget"] > 0


def test_a_locked_store_spools_into_the_journal(tmp_path: Path) -> None:
    """Nothing is lost while another program holds the write lock, and all of it is sealed afterwards."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, job="locked")
    env.reset(seed=1)
    env.step(0)
    holder = apsw.Connection(str(tmp_path / "store.db"))
    holder.execute("begin immediate")
    go(env, 10_000)
    wait_until(lambda: {"Locked", "Busy"} & set(re.findall("Locked|Busy", env.cornerman.status()["trouble"])))  # type: ignore[attr-defined]
    with cornerman.open_store(tmp_path, read_only=True) as store:
        assert store.run("latest").step_count == 10_001
    holder.execute("rollback")
    env.close()
    with cornerman.open_store(tmp_path) as store:
        summary = store.run("latest").summary()
        assert summary.step_count == 10_001
        assert summary.ledger.balanced
        assert not summary.ledger.dropped
    assert not list((tmp_path / "journal").rglob("*.seg"))


def test_a_store_locked_from_the_start_still_records(tmp_path: Path) -> None:
    """The stream is in the journal, readable at once, and in the store when the lock is gone."""
    with cornerman.open_store(_made(tmp_path)):
        pass
    holder = apsw.Connection(str(tmp_path / "store.db"))
    holder.execute("begin immediate")
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, job="late")
    env.reset(seed=1)
    go(env, 50)
    with cornerman.open_store(tmp_path, read_only=True) as store:
        assert store.run("late").step_count == 50
    holder.execute("rollback")
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert store.run("late").summary().ledger.balanced
        assert store.run("late").step_count == 50


def _made(path: Path) -> Path:
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=path, job="first")
    env.reset(seed=1)
    env.step(0)
    env.close()
    return path


def test_a_store_that_cannot_be_written_does_not_stop_the_training(tmp_path: Path) -> None:
    """A file where the folder should be: every step is returned, and counted as lost."""
    (tmp_path / "store").write_text("in the way")
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path / "store")
    env.reset(seed=1)
    go(env, 20)
    assert sum(env_lost(env).values()) == 20
    env.close()


def chunks(store: Path) -> int:
    try:
        connection = apsw.Connection(str(store / "store.db"), flags=apsw.SQLITE_OPEN_READONLY)
        count: Any = connection.execute("select count(*) from chunk").fetchall()[0][0]
    except apsw.Error:  # it is just being made
        return 0
    return int(count)


def test_a_deleted_store_is_made_again(tmp_path: Path) -> None:
    """What comes after is recorded; what was in the store is counted as lost, not forgotten."""
    store = tmp_path / "store"
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=store, job="gone")
    env.reset(seed=1)
    go(env, 15_000)
    with cornerman.open_store(store, read_only=True) as opened:
        wait_until(lambda: chunks(opened.path))
    store.rename(tmp_path / "away")  # at once: while it is removed file by file the sealer may write another
    shutil.rmtree(tmp_path / "away", ignore_errors=True)
    go(env, 20_000)
    wait_until(lambda: chunks(store))  # what waited has no file any more: the training process brings it in by itself
    env.close()
    with cornerman.open_store(store) as opened:
        summary = opened.run("latest").summary()
        assert summary.ledger.balanced, summary.ledger
        assert summary.ledger.received == 35_000
        assert summary.ledger.dropped.get("store deleted", 0) > 0
        assert summary.ledger.stored >= 5000


def test_a_deleted_run_stops_its_writer_quietly(tmp_path: Path) -> None:
    """`store.delete` while it records: the steps that follow are counted as coming after the deletion."""
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, job="deleted")
    env.reset(seed=1)
    go(env, 3000)
    with cornerman.open_store(tmp_path) as store:
        store.delete(store.run("latest").run_id)
    go(env, 6000)
    env.close()
    with cornerman.open_store(tmp_path) as store:
        assert store.runs() == []


def test_eight_processes_record_into_one_store(tmp_path: Path) -> None:
    """At once and unpaced, with a reader at 50 Hz: no error in any, every step there once, the log bounded."""
    code = (
        "import sys, gymnasium, cornerman\n"
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=sys.argv[1], job='eight-' + sys.argv[2])\n"
        "env.reset(seed=1)\n"
        "for _ in range(12000):\n"
        "    step = env.step(0)\n"
        "    if step[2] or step[3]: env.reset()\n"
        "assert not env.cornerman.status()['lost'], env.cornerman.status()\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-W", "error::UserWarning", "-c", code, str(tmp_path), str(number)])
        for number in range(8)
    ]
    largest = 0
    deadline = time.monotonic() + 120
    while any(child.poll() is None for child in children) and time.monotonic() < deadline:
        time.sleep(0.02)
        if children[0].poll() is None:
            with contextlib.suppress(StoreNotFound), cornerman.open_store(tmp_path, read_only=True) as store:
                [run.summary() for run in store.runs()]
            wal = tmp_path / "store.db-wal"
            largest = max(largest, wal.stat().st_size if wal.exists() else 0)
    assert [child.wait() for child in children] == [0] * 8
    assert largest < 100 << 20
    with cornerman.open_store(tmp_path) as store:
        runs = store.runs()
        assert [run.step_count for run in runs] == [12000] * 8
        assert all(run.summary().ledger.balanced and run.summary().state == "done" for run in runs)


def test_a_reader_that_holds_its_transaction_does_not_stop_the_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is bounded meanwhile: chunks wait in the journal, and nothing is lost."""
    from cornerman.store import write_connection

    monkeypatch.setenv("CORNERMAN_STORAGE_SEALING_PROCESS", "false")  # so that the smaller limits hold for who seals
    monkeypatch.setattr(write_connection, "WAL_LIMIT_PAGES", 64)
    monkeypatch.setattr(write_connection, "WAL_CHECKPOINT_PAGES", 16)
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, job="held")
    env.reset(seed=1)
    go(env, 5000)
    reader = apsw.Connection(str(tmp_path / "store.db"))
    reader.execute("begin")
    reader.execute("select count(*) from chunk").fetchall()
    go(env, 60_000)
    assert (tmp_path / "store.db-wal").stat().st_size < 2 << 20
    reader.execute("rollback")
    time.sleep(0.3)
    go(env, 10_000)
    env.close()
    with cornerman.open_store(tmp_path) as store:
        summary = store.run("latest").summary()
        assert summary.step_count == 75_000
        assert summary.ledger.balanced
        assert not summary.ledger.dropped


@pytest.mark.parametrize("content", [b"SQLite", b"not a database at all, but long enough to look", b""])
def test_a_foreign_or_truncated_file_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    """And left as it was: recording beside it counts its loss instead."""
    (tmp_path / "store.db").write_bytes(content)
    if content:
        with pytest.raises(StoreUnreadable):
            cornerman.open_store(tmp_path)
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path)
    env.reset(seed=1)
    env.step(0)
    env.close()
    if content:
        assert (tmp_path / "store.db").read_bytes() == content


def test_a_store_of_a_newer_version_is_read_not_written(tmp_path: Path) -> None:
    """It opens for reading with a notice, and recording into it is refused in words."""
    _made(tmp_path)
    connection = apsw.Connection(str(tmp_path / "store.db"))
    connection.execute("pragma user_version = 99")
    connection.close()
    with cornerman.open_store(tmp_path, read_only=True) as store:
        assert store.run("first").step_count == 1
    from cornerman.store.connection import connect

    with pytest.raises(StoreTooNew, match="upgrade"):
        connect(tmp_path, write=True)


@pytest.mark.parametrize("turns", [(2, 3), pytest.param((3, 2), marks=pytest.mark.soak)])
def test_a_kill_between_any_two_effects_of_sealing_changes_nothing(tmp_path: Path, turns: tuple[int, int]) -> None:
    """The child dies right before or after commit, reset and rotation, each time at another one."""
    code = (
        "import os, sys, gymnasium, cornerman\n"
        "import cornerman.store.seal as seal, cornerman.store.segments as segments, cornerman.store.writer as writer\n"
        "place, nth = sys.argv[2], int(sys.argv[3])\n"
        "seen = 0\n"
        "def die_around(owner, name, after):\n"
        "    original = getattr(owner, name)\n"
        "    def wrapped(*args, **kwargs):\n"
        "        global seen\n"
        "        seen += 1\n"
        "        if seen == nth and not after: os.kill(os.getpid(), 9)\n"
        "        result = original(*args, **kwargs)\n"
        "        if seen == nth and after: os.kill(os.getpid(), 9)\n"
        "        return result\n"
        "    setattr(owner, name, wrapped)\n"
        "owner, name = {'commit': (seal, 'commit'), 'reset': (segments.Segment, 'begin'),\n"
        "               'sealed': (segments.Segment, 'set_sealed'), 'full': (segments.Segment, 'set_full'),\n"
        "               'recycle': (writer.StreamWriter, '_recycle'),\n"
        "               'use': (writer.StreamWriter, '_use')}[place.split('-')[0]]\n"
        "die_around(owner, name, place.endswith('after'))\n"
        "env = cornerman.record(gymnasium.make('CartPole-v1'), store=sys.argv[1], job='boundary')\n"
        "env.reset(seed=1)\n"
        "for number in range(30000):\n"
        "    step = env.step(0)\n"
        "    os.pwrite(1, b'%08d' % (number + 1), 0)\n"
        "    if step[2] or step[3]: env.reset()\n"
    )
    places = ("full", "commit", "sealed", "recycle", "reset", "use")
    for place, nth in [
        (place + when, nth) for place in places for when, nth in zip(("", "-after"), turns, strict=True)
    ]:
        store = tmp_path / f"{place}{nth}"
        counter = tmp_path / "counter"
        with counter.open("w+b") as output:
            child = subprocess.run(
                [sys.executable, "-c", code, str(store), place, str(nth)],
                stdout=output,
                env={**os.environ, "CORNERMAN_STORAGE_SEALING_PROCESS": "false"},
            )
        assert child.returncode == -9, place
        acknowledged = int(counter.read_bytes() or b"0")
        for read_only in (True, False):
            with cornerman.open_store(store, read_only=read_only) as opened:
                summary = opened.run("latest").summary()
                assert acknowledged <= summary.step_count <= acknowledged + 1, place
                assert summary.ledger.balanced, (place, summary.ledger)


def test_a_fault_in_sealing_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever goes wrong there: the steps stay readable in the journal, and are sealed when it goes right again."""
    from cornerman.store import seal

    monkeypatch.setenv("CORNERMAN_STORAGE_SEALING_PROCESS", "false")
    env = cornerman.record(gymnasium.make("CartPole-v1"), store=tmp_path, job="broken")
    env.reset(seed=1)
    with monkeypatch.context() as broken:
        broken.setattr(seal, "pack_segment", lambda *_: 1 / 0)
        go(env, 20_000)
        assert not env_lost(env)
        with cornerman.open_store(tmp_path, read_only=True) as store:
            assert store.run("latest").step_count == 20_000
    env.close()
    with cornerman.open_store(tmp_path) as store:
        summary = store.run("latest").summary()
        assert summary.step_count == 20_000
        assert summary.ledger.balanced
    assert not list((tmp_path / "journal").rglob("*.seg"))
