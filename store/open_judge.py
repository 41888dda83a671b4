"""What a schema says of steps that are not sealed yet: for whoever watches, within a look of theirs.

Steps are judged for good when their segment is sealed. A slow environment fills one in minutes, and its watcher wants
to know at once; so the reader judges what came since its last look, by the same rules and the same code, and writes
nothing. A stream that writes more than can be judged so seals many times a second anyway.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, NamedTuple

import apsw

from cornerman.core import values
from cornerman.core.layout import EXTRAS

if TYPE_CHECKING:
    from .reader import StreamRows, View
    from .seal import StreamIdentity
    from .step_judge import StepJudge
    from .tail import OpenBlock

MOST_BYTES: Final = 4 << 20
"""Of open rows; beyond it they are left to whoever seals."""


class _Judged(NamedTuple):
    """How many rows of an open block were judged, and how many of their steps are bad."""

    rows: int = 0
    bad: int = 0


class OpenJudge:
    """Counts the open steps of one stream that their schema does not allow. Each is looked at once."""

    def __init__(self, rows: StreamRows) -> None:
        self._rows = rows
        self._identity: StreamIdentity | None = None
        self._known: dict[tuple[int, str], _Judged] = {}

    def bad(self, view: View) -> int:
        """Of the steps of this view that are open; 0 where they cannot be judged now."""
        blocks = [block for block in view.blocks if block.rows]
        if not blocks or sum(block.rows * block.layout.row_bytes for block in blocks) > MOST_BYTES:
            self._known = {}
            return 0
        judge = self._judge()
        if judge is None:
            return 0
        self._known = {(block.first_row, judge.document.digest): self._judged(block, judge) for block in blocks}
        return sum(known.bad for known in self._known.values())

    def _judge(self) -> StepJudge | None:
        """By what they will be judged. The journal has the spaces of a stream with its identity, as whoever seals."""
        from .step_judge import judge_of

        rows = self._rows
        if self._identity is None:
            self._identity = rows.shelf.journal.identity(rows.process, rows.stream_id)
        if self._identity is None:
            return None
        with contextlib.suppress(apsw.Error):
            return judge_of(rows.shelf.connections.get(), self._identity.run, self._identity.stream)
        return None

    def _judged(self, block: OpenBlock, judge: StepJudge) -> _Judged:
        known = self._known.get((block.first_row, judge.document.digest), _Judged())
        if block.rows <= known.rows:
            return known
        fresh = slice(known.rows, block.rows)
        columns = {leaf.column: block.take(leaf.column, fresh) for leaf in block.layout.leaves}
        extras = {
            offset - fresh.start: values.encode(extra)
            for offset in range(fresh.start, fresh.stop)
            if block.flags[offset] & EXTRAS and (extra := block.extra(offset))
        }
        bad = judge.bad_steps(block.layout, columns, block.flags[fresh], block.transition[fresh], extras)
        return _Judged(block.rows, known.bad + bad)
