"""On the run screen: the newest log record at the moment that is looked at, on one line. Not there without logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ..log_beside import BesideAnswer, BesideQuery
from ..log_view import layout, moment, row
from .lines import Lines

if TYPE_CHECKING:
    from textual.timer import Timer

    from ..app import CornermanApp

PAUSE_S = 0.25
"""A run that plays or is followed asks this often at most: logs must not cost its pictures."""
RARELY_S = 5.0
"""How often a run without logs is asked whether it has some now."""


class LogLine(Lines):
    """Follows the cursor's time. The screen hands on what it hears."""

    def __init__(self) -> None:
        super().__init__(id="logline")
        self._wanted: BesideQuery | None = None
        self._asked: BesideQuery | None = None
        self._answer: BesideAnswer | None = None
        self._timer: Timer | None = None

    def at(self, run_id: str, time_us: int) -> None:
        """The cursor is at this time of this run."""
        self._wanted = BesideQuery(run_id, time_us)
        if self._timer is None:
            self._ask()

    def _ask(self) -> None:
        self._timer = None
        if self._wanted is None or self._wanted == self._asked or not self.is_mounted:
            return
        self._asked = self._wanted
        cast("CornermanApp", self.app).logs.ask(self._asked)
        nothing = self._answer is not None and self._answer.entry is None
        self._timer = self.set_timer(RARELY_S if nothing else PAUSE_S, self._ask)

    def heard(self, answer: BesideAnswer) -> None:
        self._answer = answer
        self.screen.set_class(answer.entry is not None, "-logs")
        self.draw()
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        self.draw()

    def draw(self) -> None:
        width = self.size.width
        if self._answer is None or self._answer.entry is None or width < 20:
            return
        record = self._answer.entry.record
        columns = layout(width, False, bool(record.code))
        late = record.time_us > self._answer.query.time_us
        line = row(record, columns, self.look, day_before=moment(record.time_us)[0])
        self.show([((" ", "dim"), ("+" if late else " ", "dim"), *line[2:])])
