"""Rows of styled text, and the one way most of the screen is drawn.

A row is a tuple of (text, style name) runs, made by pure functions; a style name is a component class in the style
sheet, `name|cursor` puts the cursor's look on top. A change repaints only the rows that differ.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, TypeAlias, cast

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from ..look import Look

Line: TypeAlias = tuple[tuple[str, str], ...]

STYLES = (
    "normal",
    "dim",
    "title",
    "head",
    "key",
    "good",
    "warn",
    "bad",
    "info",
    "accent",
    "curve",
    "badge",
    "hit",
    "cursor",
)

_ASCII = str.maketrans(
    {
        "…": "~",
        "·": "-",
        "—": "-",
        "×": "x",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "▶": ">",
        "─": "-",
        "│": "|",
        "┃": "#",
        "’": "'",
    }
)


def to_ascii(text: str) -> str:
    """The same number of characters, all of them ASCII."""
    return text if text.isascii() else text.translate(_ASCII).encode("ascii", "replace").decode()


class Palette(Widget):
    """Not seen: the one widget of a screen that the style sheet gives the styles of all lines.

    Were they component classes of every `Lines`, applying them would cost each start 20 ms.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"lines--{name}" for name in STYLES}


class Lines(Widget):
    """Shows the rows it is given; the rest of its area stays blank. `on_size` is told when its size is known or new."""

    on_size: Callable[[], None] | None = None

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: tuple[Line, ...] = ()
        self._styles: dict[str, Style] = {}

    @property
    def look(self) -> Look:
        return cast("Look", self.app.look)  # type: ignore[attr-defined]

    @property
    def plain(self) -> str:
        """What is shown, without styles."""
        return "\n".join("".join(text for text, _ in row).rstrip() for row in self._rows)

    def show(self, rows: Sequence[Line]) -> None:
        """Replace the rows; only those that differ are painted again."""
        old, self._rows = self._rows, tuple(rows)
        changed = [
            y
            for y in range(max(len(old), len(self._rows)))
            if (old[y] if y < len(old) else ()) != (self._rows[y] if y < len(self._rows) else ())
        ]
        visible = [Region(0, y, self.size.width, 1) for y in changed if y < self.size.height]
        if visible and self.is_mounted:
            self.refresh(*visible)

    def notify_style_update(self) -> None:
        self._styles.clear()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        row = self._rows[y] if y < len(self._rows) else ()
        segments = [Segment(self._safe(text), self._style(name)) for text, name in row if text]
        last = row[-1][1] if row and row[-1][1].endswith("|cursor") else "normal"
        return Strip(segments).adjust_cell_length(width, self._style(last))

    def _safe(self, text: str) -> str:
        """The last gate to the terminal: names and values come from elsewhere, and nothing in them is obeyed."""
        if not text.isprintable():
            text = "".join(character if character.isprintable() else "?" for character in text)
        return to_ascii(text) if self.look.ascii else text

    def _style(self, name: str) -> Style:
        style = self._styles.get(name)
        if style is None:
            palette = self.screen.query_one(Palette)
            style = self.rich_style
            for part in name.split("|"):
                style += palette.get_component_rich_style(f"lines--{part}", partial=True)
            self._styles[name] = style
        return style

    def on_resize(self) -> None:
        if self.on_size is not None:
            self.on_size()


def rule(title: str, width: int, look: Look, right: str = "", style: str = "title") -> Line:
    """A heading: its words, a thin rule to the right edge, and a remark at the end of it."""
    head = f"{look.glyph('rule')} {title} " if title else ""
    tail = f" {right} {look.glyph('rule')}" if right else ""
    room = width - len(head) - len(tail)
    if room < 0:
        return ((head[:width], style),)
    return ((head, style), (look.glyph("rule") * room, "dim"), (tail, "dim"))
