"""A table that formats only the rows on the screen: a million rows cost what a page of them costs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message

from .lines import Line, Lines


class Table(Lines):
    """A head, rows from a function of their index, and a cursor. It knows no keys: the screen moves it."""

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, index: int) -> None:
            self.index = index
            super().__init__()

    class Chosen(Message):
        """A row was clicked while the cursor was on it."""

        def __init__(self, index: int) -> None:
            self.index = index
            super().__init__()

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._head: Sequence[Line] = ()
        self._total = 0
        self._row: Callable[[int, bool], Line] = lambda index, under_cursor: ()
        self.cursor = 0
        self.top = 0

    @property
    def page(self) -> int:
        """Rows that fit."""
        return max(1, self.size.height - len(self._head))

    @property
    def total(self) -> int:
        return self._total

    def fill(self, head: Sequence[Line], total: int, row: Callable[[int, bool], Line]) -> None:
        """New contents; the cursor stays on its index as far as there is one."""
        self._head, self._total, self._row = head, total, row
        self.move_to(self.cursor)

    def move_to(self, index: int, *, tell: bool = False) -> None:
        """Put the cursor on a row, and scroll so far that it is seen."""
        before = self.cursor
        self.cursor = max(0, min(self._total - 1, index))
        lowest = max(0, self._total - self.page)
        self.top = max(0, min(lowest, max(self.cursor - self.page + 1, min(self.top, self.cursor))))
        self.draw()
        if tell and self.cursor != before:
            self.post_message(self.Moved(self.cursor))

    def draw(self) -> None:
        last = min(self._total, self.top + self.page)
        rows = [self._row(index, index == self.cursor) for index in range(self.top, last)]
        self.show([*self._head, *rows])

    def on_resize(self) -> None:
        self.move_to(self.cursor)
        super().on_resize()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.move_to(self.cursor + 1, tell=True)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.move_to(self.cursor - 1, tell=True)

    def on_click(self, event: events.Click) -> None:
        index = self.top + event.y - len(self._head)
        if not 0 <= index < self._total or event.y < len(self._head):
            return
        if index == self.cursor:
            self.post_message(self.Chosen(index))
        self.move_to(index, tell=True)
