"""What is said of log records on their way between nodes: how far they are, and what is amiss."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from ..connection import snapshot, translated
from ..copies import LOGS, read_rows
from ..network import Place, sink
from .database import FILE, connect_logs, fetch

_TABLES = 2
"""The format that has what is asked here."""


class Copied(NamedTuple):
    """How far the records of one node were copied."""

    host: str
    """'' for this node."""
    time_us: int
    """Of the newest record."""
    copied_us: int
    missing: int = 0
    trouble: str = ""

    @property
    def who(self) -> str:
        return self.host or "this node"

    def __str__(self) -> str:
        if not self.time_us:
            return f"From {self.who}: no log lines were copied yet."
        at = time.strftime("%H:%M:%S", time.localtime(self.time_us / 1e6))
        return f"From {self.who}: log lines copied up to {at}, {_ago(self.copied_us)} ago."

    @property
    def amiss(self) -> str:
        """What its user should know, or ''."""
        if self.trouble:
            return f"No log lines could be copied to the network for {_ago(self.copied_us)}: {self.trouble}"
        if self.missing:
            return f"{self.missing:,} of its lines are missing here: a file of {self.who}'s copies cannot be read."
        return ""


def copied(place: Place) -> list[Copied]:
    """How far the records of each node were copied, this one's last; nothing where there are none."""
    if not (place.local / FILE).exists():
        return []
    connection = connect_logs(place.local)
    try:
        with translated(place.local), snapshot(connection):
            if fetch(connection, "pragma user_version")[0][0] < _TABLES:
                return []
            others = fetch(connection, "select host, time_us, copied_us, missing from replica order by host")
            asked = "select '', time_us, copied_us, 0, trouble from relay where sink = ?"
            own = fetch(connection, asked, (sink(place),))
            return [Copied(*row) for row in (*others, *own)]
    finally:
        connection.close()


def notices(found: list[Copied]) -> tuple[str, ...]:
    """What goes wrong first."""
    return (*(item.amiss for item in found if item.amiss), *(str(item) for item in found if not item.trouble))


def problems(place: Place) -> Iterator[str]:
    """What is wrong with the copies: records that did not come here, and files of ours that others cannot read."""
    yield from (item.amiss for item in copied(place) if item.missing)
    if not (place.local / FILE).exists():
        return
    connection = connect_logs(place.local)
    try:
        with translated(place.local), snapshot(connection):
            files = _own_files(connection, place)
    finally:
        connection.close()
    for path, last_id in files:
        yield from _file_problems(path, last_id)


def _own_files(connection: apsw.Connection, place: Place) -> list[tuple[Path, int]]:
    """The files that this node left in the network folder, and the last record of each."""
    if fetch(connection, "pragma user_version")[0][0] < _TABLES:
        return []
    rows = fetch(
        connection,
        "select number, last_id, (select value from log_meta where key = 'origin') from relay_file where sink = ?",
        (sink(place),),
    )
    found = []
    for number, last_id, origin in rows:
        found += [(path, last_id) for path in place.copies.glob(f"*-{origin}{LOGS}/{number:06}{LOGS}")]
    return found


def _file_problems(path: Path, last_id: int) -> Iterator[str]:
    reached = at = 0
    try:
        for row, end in read_rows(path):
            at = end
            if row["kind"] in ("copier", "lines"):
                reached = max(reached, row["after"] if row["kind"] == "copier" else row["block"][1])
    except OSError as error:
        yield f"{path} cannot be read: {error.strerror}"
        return
    if reached < last_id:
        yield f"{path} cannot be read from byte {at} on: other nodes miss lines of this one"


def _ago(us: int) -> str:
    return f"{max(time.time() - us / 1e6, 0):.0f} s"
