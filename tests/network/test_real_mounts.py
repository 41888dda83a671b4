"""A real mount of a file system that the kernel itself calls one of a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gymnasium
import pytest
from cluster import eventually, step_count, walk

import cornerman
from cornerman.core.logs import LogFilter
from cornerman.store.filesystem import filesystem_of

OUTPUT = LogFilter.parse("output:stdout")


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


@pytest.mark.mounts
def test_lines_travel_over_a_real_fuse_mount(fuse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command's output and how it ended, while it runs and after it; the network folder holds copies only."""
    monkeypatch.setenv("CORNERMAN_STORAGE_NETWORK_COPY_SECONDS", "0.5")
    script = "import time, sys; print('begun', flush=True); time.sleep(3); print('over'); sys.exit(3)"
    bridge = [sys.executable, "-m", "cornerman", "run", "--job", "fuse", "--", sys.executable, "-c", script]
    environment = {**os.environ, "CORNERMAN_STORE": str(fuse / "runs"), "CORNERMAN_LOCAL": str(tmp_path / "writer")}
    with subprocess.Popen(bridge, env=environment, stdout=subprocess.DEVNULL) as command:
        eventually(lambda: bool(list((fuse / "runs").rglob("*.logs/*.logs"))))
        monkeypatch.setenv("CORNERMAN_LOCAL", str(tmp_path / "reader"))
        with cornerman.open_store(fuse / "runs") as store:
            eventually(lambda: [entry.record.message for entry in store.logs.page(OUTPUT)] == ["begun"])
            assert command.wait() == 3
            eventually(lambda: [entry.record.message for entry in store.logs.page(OUTPUT)] == ["begun", "over"])
            eventually(lambda: store.run("fuse").summary().state == "failed")
    assert not list((fuse / "runs").rglob("*.db*"))
