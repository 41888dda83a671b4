"""A step that `env.step` returned is readable after `kill -9`: counted by the child, found by a fresh reader."""

from __future__ import annotations

import itertools
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import apsw
import numpy as np
import pytest
from waiting import wait_until

import cornerman
from cornerman.core.schema import parse
from cornerman.store.api import make_store

CHILD = Path(__file__).with_name("killed_child.py")
KINDS = ("single", "vector", "frames", "vector-frames")
PACES = (0.0, 200.0, 1.0)


def run_and_kill(store: Path, kind: str, pace: float, seconds: float, group: bool) -> int:
    """Start the child, let it step for so long, kill it; how many steps it had acknowledged."""
    counter = store.with_name("counter")
    counter.write_bytes(bytes(8))
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(store), str(counter), kind, str(pace)], start_new_session=True
    )
    with counter.open("r+b") as file:
        count = mmap.mmap(file.fileno(), 8)
    deadline = time.monotonic() + 30
    while not struct.unpack_from("<Q", count)[0] and time.monotonic() < deadline:
        assert child.poll() is None, "the child ended by itself"
        time.sleep(0.002)
    time.sleep(seconds)
    if group:
        os.killpg(child.pid, signal.SIGKILL)
    else:
        child.kill()
    child.wait()
    return int(struct.unpack_from("<Q", count)[0])


def check(store: Path, kind: str, acknowledged: int) -> None:
    """Nothing acknowledged is lost or doubled, before recovery and after it; the store is whole."""
    for read_only in (True, False):
        with cornerman.open_store(store, read_only=read_only) as opened:
            run = opened.run("latest")
            summary = run.summary()
            assert acknowledged <= run.step_count <= acknowledged + 1
            assert summary.state == "interrupted"
            assert summary.ledger.balanced, summary.ledger
            assert not summary.ledger.dropped
            check_rows(run, kind)
    connection = apsw.Connection(str(store / "store.db"))
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    wait_until(lambda: not list((store / "journal").glob("*/*.seg")))  # the sealer may be at it just now


def check_rows(run: cornerman.Run, kind: str) -> None:
    """Every sub-environment's observations are 0, 1, 2, … in its transitions; the last episode is interrupted."""
    for env in range(2 if kind.startswith("vector") else 1):
        episodes = [episode for episode in run.episodes() if episode.env_index == env]
        numbers = np.concatenate([episode.observations[1:].ravel() for episode in episodes])
        assert numbers.tolist() == list(range(len(numbers)))
        assert all(episode.ended == "terminated" for episode in episodes[:-1])
        assert episodes[-1].ended in ("interrupted", "terminated")
        assert sum(episode.total_reward for episode in episodes) == sum(n % 7 for n in range(len(numbers)))


CASES = list(itertools.islice(itertools.cycle(itertools.product(KINDS, PACES)), 100))


@pytest.mark.parametrize(("kind", "pace"), [*itertools.product(KINDS, PACES[:2]), ("single", 1.0), ("vector", 1.0)])
def test_a_killed_process_loses_no_acknowledged_step(tmp_path: Path, kind: str, pace: float) -> None:
    """Ten kills of the hundred that `just soak` makes."""
    acknowledged = run_and_kill(tmp_path / "store", kind, pace, random.uniform(0.05, 0.8), group=pace == 0)
    check(tmp_path / "store", kind, acknowledged)


@pytest.mark.soak
@pytest.mark.parametrize("number", range(100))
def test_a_hundred_kills_lose_nothing(tmp_path: Path, number: int) -> None:
    """Spread over kinds, paces, moments, and killing the process or its group."""
    kind, pace = CASES[number]
    seconds = random.Random(number).uniform(0.0, 3.0)
    acknowledged = run_and_kill(tmp_path / "store", kind, pace, seconds, group=bool(number % 2))
    check(tmp_path / "store", kind, acknowledged)


SEVENTHS = {
    "id": "no.sevenths",
    "version": "1.0.0",
    "properties": {"observation": {"items": {"not": {"multipleOf": 7}}}},
}


@pytest.mark.parametrize("kind", ["single", "vector"])
def test_after_a_kill_each_step_is_stored_or_in_quarantine_once(tmp_path: Path, kind: str) -> None:
    store = tmp_path / "store"
    with make_store(store) as made:
        made.schemas.add(parse(SEVENTHS))
        made.enforcement.set("no.sevenths", "enforce")
    acknowledged = run_and_kill(store, kind, 0.0, 0.4, group=True)
    with cornerman.open_store(store) as opened:
        wait_until(lambda: not list((store / "journal").glob("*/*.seg")))  # the sealer may be at it just now
        ledger = opened.run().ledger()
        assert ledger.balanced
        assert ledger.quarantined == opened.quarantine.count() > 0
        assert [str(finding) for finding in opened.verify()] == []
        refused = [item.document()["observation"][0] for item in opened.quarantine.each() if item.env == 0]
        stored = [
            int(number)
            for episode in opened.run().episodes() if episode.env_index == 0
            for number in np.ravel(episode.observations)[1:]
        ]  # fmt: skip
        assert all(number % 7 == 0 for number in refused)
        assert not any(number % 7 == 0 for number in stored)
        seen = Counter(refused + stored)
        if kind == "single":
            assert seen.keys() == set(range(max(seen) + 1))
            assert acknowledged <= len(seen) <= acknowledged + 1
        assert max(seen.values()) == 1
