"""A real mount of a file system that the kernel itself calls one of a network."""

from __future__ import annotations

from pathlib import Path

import gymnasium
import pytest
from cluster import (
    eventually,
    step_count,
    walk,
)

import cornerman
from cornerman.store.filesystem import filesystem_of


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
