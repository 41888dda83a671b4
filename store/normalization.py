"""Snapshots of normalization statistics: noted in the journal, kept with the chunk that is sealed next, read at a step.

The stream's file in the journal holds those that no seal has surely brought yet; it is replaced whole. A snapshot is
known by its stream, kind and step, so it does not matter how often one is brought, nor by whom.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import apsw
import msgspec

from cornerman.core import values
from cornerman.core.normalization import NormalizationStatistics, Place
from cornerman.log_catalog import log
from cornerman.log_catalog.recorder import LOG_NORMALIZATION_STATS_DROPPED

from .location import JOURNAL

if TYPE_CHECKING:
    from .reader import StreamRows

FIRST_FORMAT = 10
MOST_BYTES = 4 << 20
"""While the store takes nothing, the oldest snapshots give way: the file is written anew with each."""


class Snapshot(NamedTuple):
    """A row of `norm_stats` without its stream; mean and variance packed."""

    kind: str
    t: int
    place: str
    numbers: float
    mean: bytes
    var: bytes

    @property
    def size(self) -> int:
        return len(self.mean) + len(self.var)


def statistics_path(folder: Path, stream: int) -> Path:
    return folder / f"{stream}.norm"


def note(path: Path, before: list[Snapshot], fresh: list[Snapshot], since: int) -> list[Snapshot]:
    """Write the snapshots from step `since` on where a kill cannot lose them; which they are. OSError."""
    known = {(one.kind, one.t): one for one in [*before, *fresh] if one.t >= since}
    kept = list(known.values())
    while len(kept) > len(fresh) and sum(one.size for one in kept) > MOST_BYTES:
        del kept[0]
    if len(kept) < len(known):
        log(LOG_NORMALIZATION_STATS_DROPPED, snapshots=len(known) - len(kept), path=str(path))
    new = path.with_suffix(".norm-new")
    new.write_bytes(msgspec.msgpack.encode(kept))
    new.replace(path)
    return kept


def noted(folder: Path, stream: int) -> list[Snapshot]:
    """What the journal has; most streams have nothing."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        return msgspec.msgpack.decode(statistics_path(folder, stream).read_bytes(), type=list[Snapshot])
    return []


def keep(connection: apsw.Connection, stream: int, snapshots: Iterable[Snapshot]) -> None:
    """Bring snapshots into the store; inside the caller's transaction."""
    connection.executemany(
        "insert into norm_stats values (?, ?, ?, ?, ?, ?, ?) on conflict do update set"
        " place = excluded.place, count = excluded.count, mean = excluded.mean, var = excluded.var"
        " where excluded.count >= count",
        [(stream, *one) for one in snapshots],
    )


def snapshots_of(rows: StreamRows, after: int = -1) -> list[Snapshot]:
    """All later than step `after`, by step, those in the journal too."""
    found: list[Any] = []
    if _has_table(rows):
        query = "select kind, t, place, count, mean, var from norm_stats where stream = ? and t > ?"
        found = list(rows.shelf.query(query, (rows.stream_id, after)))
    known = {(one.kind, one.t): one for one in (Snapshot(*row) for row in found)}
    known |= {(one.kind, one.t): one for one in _in_journal(rows) if one.t > after}
    return sorted(known.values(), key=lambda one: (one.t, one.kind))


def newest(rows: StreamRows, t: int | None) -> dict[str, NormalizationStatistics]:
    """By kind, the newest snapshot at or before step `t`."""
    last = sys.maxsize if t is None else t
    sealed = (
        []
        if not _has_table(rows)
        else rows.shelf.query(
            # one row a kind: SQLite takes the others' columns from the row that has the maximum
            "select kind, max(t), place, count, mean, var from norm_stats where stream = ? and t <= ? group by kind",
            (rows.stream_id, last),
        )
    )
    known = [*(Snapshot(*row) for row in sealed), *_in_journal(rows)]
    found = {one.kind: one for one in sorted(known, key=lambda one: one.t) if one.t <= last}
    return {kind: unpacked(one) for kind, one in found.items()}


def _has_table(rows: StreamRows) -> bool:
    return int(next(iter(rows.shelf.query("pragma user_version")))[0]) >= FIRST_FORMAT


def _in_journal(rows: StreamRows) -> list[Snapshot]:
    return noted(rows.shelf.path / JOURNAL / rows.process, rows.stream_id)


def unpacked(one: Snapshot) -> NormalizationStatistics:
    """The snapshot with its arrays in their own shape."""
    mean, var = values.decode(one.mean), values.decode(one.var)
    return NormalizationStatistics(one.kind, one.t, cast(Place, one.place), one.numbers, mean, var)
