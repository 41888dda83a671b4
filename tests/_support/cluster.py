"""A cluster on one machine: nodes that share a folder which the mount table calls NFS, and what is done on them."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import gymnasium
import numpy as np
import pytest

import cornerman
from cornerman.store import session
from cornerman.store.network import place_of

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


def chunks(local: Path) -> list[Any]:
    """The chunks of a node's database, by their digests."""
    (database,) = local.glob("*/store.db")
    with_payload = (
        "select first_row, rows, c.sha256, payload from chunk c join chunk_payload p on p.chunk = c.id order by 1"
    )
    rows: list[Any] = apsw.Connection(str(database)).execute(with_payload).fetchall()
    return rows


def start_child(nodes: Nodes, kind: str) -> subprocess.Popen[bytes]:
    counter = nodes.root / "counter"
    counter.write_bytes(bytes(8))
    child = subprocess.Popen([sys.executable, str(CHILD), str(nodes.store), str(counter), kind, "300"])
    eventually(lambda: counter.read_bytes() != bytes(8), 30)
    eventually(lambda: bool(nodes.copies()))
    return child
