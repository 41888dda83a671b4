"""The folder that a self-test works in: beside the store, on its file system, and gone afterwards."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from cornerman.core.errors import StoreReadOnly
from cornerman.store.location import SEALER
from cornerman.store.network import place_of
from cornerman.store.session import end_sessions

PREFIX = ".cornerman-selftest-"
REMOVE_SECONDS = 10.0


@contextlib.contextmanager
def scratch(store: Path) -> Iterator[Path]:
    """A new folder on the file system that the database of `store` is on, or would be; StoreReadOnly where none can be.

    `store` itself is not made and not touched; only where it is a mount point of its own the folder lies in it.
    """
    folder = _made(place_of(store).local)
    try:
        yield folder
    finally:
        remove(folder)


def _made(local: Path) -> Path:
    """Beside the store where that is the same file system and ours to write, else in the store."""
    parent = local.parent
    while not parent.exists():
        parent = parent.parent
    places = [parent, local] if local.is_dir() else [parent]
    if local.is_dir() and local.stat().st_dev != parent.stat().st_dev:
        places = [local]
    for place in places:
        with contextlib.suppress(OSError):
            return Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
    raise StoreReadOnly(local)


def remove(folder: Path) -> None:
    """Let go of every store in the folder, wait for those who still seal there, and remove it."""
    end_sessions(folder)
    deadline = time.monotonic() + REMOVE_SECONDS
    for sealer in folder.glob(f"*/{SEALER}"):
        sealer.unlink(missing_ok=True)  # a sealer leaves when its store is no longer the one that it claimed
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            time.sleep(0.05)
