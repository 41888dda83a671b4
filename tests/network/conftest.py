"""What every test of a store on a network has: some nodes; a real mount, where there may be one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Nodes, end_sessions


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nodes]:
    found = Nodes(tmp_path, monkeypatch)
    yield found
    found.on("writer")
    end_sessions()


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
