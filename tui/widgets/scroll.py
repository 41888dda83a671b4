"""Text of any length: only the rows on the screen are ever formatted, so a megabyte opens as fast as a page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from rich.cells import cell_len
from textual import events

from .lines import Line, Lines


class Scroll(Lines):
    """Rows of which a part is shown; what is wider than the widget goes on in the rows below. It knows no keys."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text: Sequence[Line] = ()
        self._starts: list[int] = []
        self._rows_total = 0
        self._wrapped_at = -1
        self.top = 0

    @property
    def total(self) -> int:
        """Rows at this width."""
        return self._rows_total

    def fill(self, text: Sequence[Line], *, keep: bool = False) -> None:
        """New contents, from the top unless they are the old ones a little later."""
        if text is not self._text:
            self._text, self._wrapped_at = text, -1
        self.scroll_rows(0 if keep else -self.top)

    def scroll_rows(self, by: int) -> None:
        self._wrap()
        self.top = max(0, min(self.top + by, self._rows_total - self.size.height))
        self.draw()

    def draw(self) -> None:
        self._wrap()
        last = min(self._rows_total, self.top + self.size.height)
        self.show([self._row(at) for at in range(self.top, last)])

    def _wrap(self) -> None:
        """Which row each line begins at: lengths are all that is looked at."""
        width = self.size.width
        if width == self._wrapped_at or width < 2:
            return
        starts, row = [], 0
        for line in self._text:
            starts.append(row)
            row += max(1, -(-sum(len(text) for text, _ in line) // _room(line, width)))
        self._starts, self._rows_total, self._wrapped_at = starts, row, width

    def _row(self, at: int) -> Line:
        number = bisect_right(self._starts, at) - 1
        line = self._text[number]
        room = _room(line, self.size.width)
        first = (at - self._starts[number]) * room
        cut: list[tuple[str, str]] = []
        for text, style in line:
            if first < len(text) and room > 0:
                cut.append((text[first : first + room], style))
                room -= len(cut[-1][0])
            first = max(0, first - len(text))
        return tuple(cut)

    def on_resize(self) -> None:
        self.scroll_rows(0)
        super().on_resize()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.scroll_rows(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.scroll_rows(-3)


def _room(line: Line, width: int) -> int:
    """Characters a row: half as many where some of them are two columns wide."""
    plain = all(text.isascii() or cell_len(text) == len(text) for text, _ in line)
    return width if plain else max(1, width // 2)
