"""A list over a screen, from which one thing is chosen: saved filters, bookmarks, unknown codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from .. import words
from ..widgets.lines import Line, Palette
from ..widgets.table import Table


class Choice(NamedTuple):
    """What was chosen, and by which key."""

    key: str
    at: int


class Choose(ModalScreen[Choice | None]):
    """Rows of a name and what is said about it. `keys` are those that choose, with a word each; None when left."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "leave", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("pagedown", "move(10)", "page down", show=False),
        Binding("pageup", "move(-10)", "page up", show=False),
        Binding("home", "move(-1000000)", "first", show=False),
        Binding("end", "move(1000000)", "last", show=False),
    ]

    def __init__(
        self, title: str, rows: Sequence[tuple[str, str]], keys: Mapping[str, str], empty: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._title, self._rows, self._keys, self._empty = title, rows, keys, empty

    def compose(self) -> ComposeResult:
        yield Palette()
        yield Table(id="choose")

    def on_mount(self) -> None:
        table = self.query_one(Table)
        table.border_title = self._title
        table.border_subtitle = "  ".join([*(f"{key} {word}" for key, word in self._keys.items()), "esc leaves"])
        table.on_size = self._draw
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        table = self.query_one(Table)
        width = table.size.width
        if not self._rows:
            table.fill([((words.fit(" " + line, width), "normal"),) for line in self._empty], 0, lambda i, on: ())
            return
        name = min(max(len(first) for first, _ in self._rows), max(10, width // 2))

        def row(index: int, under_cursor: bool) -> Line:
            first, second = self._rows[index]
            over = "|cursor" if under_cursor else ""
            mark = table.look.glyph("mark") if under_cursor else " "
            rest = words.fit(second, max(0, width - name - 4))
            return (
                (mark + " ", "accent" + over),
                (words.fit(first, name) + "  ", "title" + over),
                (rest, "dim" + over),
            )

        table.fill([], len(self._rows), row)

    def action_move(self, by: int) -> None:
        table = self.query_one(Table)
        table.move_to(table.cursor + by)

    def on_key(self, event: object) -> None:
        key = getattr(event, "key", "")
        wanted = {"enter": "enter", "delete": "del"}.get(key, getattr(event, "character", None) or key)
        if wanted in self._keys and self._rows:
            event.stop()  # type: ignore[attr-defined]
            self.dismiss(Choice(wanted, self.query_one(Table).cursor))

    def on_table_chosen(self) -> None:
        if "enter" in self._keys:
            self.dismiss(Choice("enter", self.query_one(Table).cursor))
