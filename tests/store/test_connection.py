"""What opening a database leaves alone, and how what is no database is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cornerman.core.errors import StoreUnreadable
from cornerman.store.connection import connect, create
from cornerman.store.logs import open_writer

LOCK_ALL = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
"""
"""The bytes of SQLite's shared lock: whoever gets all of them is alone."""


def test_a_second_connection_takes_no_lock_from_the_first(tmp_path: Path) -> None:
    """Else another process would believe itself the last, and remove the log that the first one writes to."""
    first = create(tmp_path)
    first.execute("select count(*) from run").fetchall()
    for _ in range(2):
        connect(tmp_path).close()
        connect(tmp_path, write=True).close()
        open_writer(tmp_path).close()
    other = [sys.executable, "-c", LOCK_ALL, str(tmp_path / "store.db")]
    assert b"BlockingIOError" in subprocess.run(other, capture_output=True).stderr
    first.close()
    assert subprocess.run(other, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"SQLite for", "cut short"), (b"x" * 100, "no SQLite"), (b"x" * 9000, "no SQLite database")],
    ids=["cut", "short", "foreign"],
)
def test_what_is_no_database_is_said_in_words(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "store.db").write_bytes(content)
    for write in (False, True):
        with pytest.raises(StoreUnreadable, match=said):
            connect(tmp_path, write=write)
