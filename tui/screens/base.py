"""What every screen has in common: keys from the table, a footer, and a word when the terminal is too small."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen

from .. import keys
from ..widgets.lines import Line, Lines, Palette

if TYPE_CHECKING:
    from ..app import CornermanApp
    from ..feed import Delivery

SMALLEST = (56, 14)
"""Columns and rows below which nothing useful can be shown."""


class Footer(Lines):
    """The keys of a screen, as many as fit, `? help` always."""

    def __init__(self, where: keys.Where) -> None:
        super().__init__(id="footer")
        self._where: keys.Where = where

    def on_resize(self) -> None:
        row: list[tuple[str, str]] = [(" ", "normal")]
        for key, word in keys.footer(self._where, self.size.width - 1):
            row += [(key, "key"), (f" {word}  ", "dim")]
        self.show([tuple(row)])


class TooSmall(Lines):
    """Covers a screen that has no room."""

    def on_resize(self) -> None:
        width, height = self.app.size
        need = f"{SMALLEST[0]}x{SMALLEST[1]}"
        rows: list[Line] = [
            (("Too small", "warn"),),
            ((f"{width}x{height}, needs {need}", "normal"),),
            (("q quits", "dim"),),
        ]
        self.show([tuple((text[: max(1, width)], style) for text, style in row) for row in rows][: max(1, height)])


class BaseScreen(Screen[None]):
    """A screen whose keys are those of one part of the table."""

    WHERE: ClassVar[keys.Where] = "app"

    @property
    def cornerman(self) -> CornermanApp:
        return cast("CornermanApp", self.app)

    def compose(self) -> ComposeResult:
        yield Palette()
        yield from self.parts()
        yield Footer(self.WHERE)
        yield TooSmall(id="too-small")

    def parts(self) -> ComposeResult:
        """The screen's own widgets, from top to bottom."""
        yield from ()

    @property
    def too_small(self) -> bool:
        width, height = self.app.size
        return width < SMALLEST[0] or height < SMALLEST[1]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A screen on which nothing is drawn obeys no key but the one that leaves."""
        return not self.too_small or action in ("leave", "suspend_process", "redraw")

    def on_resize(self) -> None:
        self.set_class(self.too_small, "-too-small")
        self.set_class(self.app.size.width >= 100 and self.app.size.height >= 28, "-large")

    def hear(self, delivery: Delivery) -> None:
        """An answer from the feed."""

    def redraw(self) -> None:
        """Draw everything from what is known."""
