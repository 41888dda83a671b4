"""The two tables of the Logs screen: each says which of them moved, and the list's right edge is a scroll bar."""

from __future__ import annotations

from textual import events
from textual.message import Message

from .table import Table


class LogTable(Table):
    """Records, a scroll bar in the last column."""

    class Moved(Table.Moved):
        """The cursor is on another record."""

    class Chosen(Table.Chosen):
        """A record was clicked on while the cursor was on it."""

    class Dragged(Message):
        """The scroll bar was clicked: at which share of its height."""

        def __init__(self, share: float) -> None:
            self.share = share
            super().__init__()

    def on_click(self, event: events.Click) -> None:
        if event.x < self.size.width - 1:
            super().on_click(event)
            return
        event.stop()
        self.post_message(self.Dragged(max(0, event.y - len(self._head)) / max(1, self.page - 1)))


class FacetTable(Table):
    """Values and their counts."""

    class Moved(Table.Moved):
        """The cursor is on another value."""

    class Chosen(Table.Chosen):
        """A value was clicked on while the cursor was on it."""
