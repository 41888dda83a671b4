"""How the recording of one stream goes: what waits in the journal, and how fast it is written and sealed."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from cornerman.core.records import StreamFlow

from .open_judge import OpenJudge

if TYPE_CHECKING:
    from .reader import StreamRows, View

CHUNKS = 16
"""Over how many of the newest chunks the writer's pace is taken."""
LOOK_SECONDS, LOOKS = 1.0, 8
"""How far apart the looks are between which the sealer's pace is measured, and how many are kept."""


class FlowMeter:
    """Measures one stream. The sealer's pace is measured between looks, so the first look has none."""

    def __init__(self, rows: StreamRows) -> None:
        self.rows = rows
        self._open = OpenJudge(rows)
        self._looks: deque[tuple[float, int]] = deque(maxlen=LOOKS)

    def flow(self, view: View) -> StreamFlow:
        backlog = view.rows - view.totals.rows
        per_second = self._written()
        return StreamFlow(
            backlog=backlog,
            oldest_us=int(view.blocks[0].time_us[0]) if view.blocks else 0,
            waiting=sum(part.full for part in view.parts),
            rows_per_second=per_second[0],
            chunks_per_second=per_second[1],
            bytes_per_second=per_second[2],
            sealed_per_second=self._sealed(view.totals.rows),
            mismatches=self._mismatches() + self._open.bad(view),
        )

    def _written(self) -> tuple[float, float, float]:
        """Rows, chunks and packed bytes a second, by the times of the rows in the newest chunks."""
        found = self.rows.shelf.query(
            "select rows, bytes, first_us, last_us from chunk where stream = ? order by first_row desc limit ?",
            (self.rows.stream_id, CHUNKS),
        )
        if not found:
            return 0.0, 0.0, 0.0
        seconds = max(found[0][3] - found[-1][2], 1) / 1e6
        return sum(row[0] for row in found) / seconds, len(found) / seconds, sum(row[1] for row in found) / seconds

    def _sealed(self, rows: int) -> float | None:
        """Rows sealed a second, between now and the oldest look that is kept."""
        now = time.monotonic()
        if not self._looks or now - self._looks[-1][0] >= LOOK_SECONDS:
            self._looks.append((now, rows))
        since, before = self._looks[0]
        return (rows - before) / (now - since) if now - since >= LOOK_SECONDS else None

    def _mismatches(self) -> int:
        """Sealed steps that their schema does not allow; those that are open are judged apart."""
        shelf = self.rows.shelf
        if not shelf.query("select 1 from sqlite_schema where name = 'judged'"):
            return 0  # a store of before steps were judged, opened read-only
        ((bad,),) = shelf.query("select coalesce(sum(bad), 0) from judged where stream = ?", (self.rows.stream_id,))
        return int(bad)
