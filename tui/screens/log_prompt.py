"""The line in which a filter is typed: what could come next stands above it, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from cornerman.core.errors import InvalidOption
from cornerman.core.logs import LogFilter

from .. import words
from ..log_completion import Candidate, candidates
from ..renderers._cells import visible
from ..widgets.lines import Lines, Palette

if TYPE_CHECKING:
    from cornerman.core.logs import Facets


class FilterPrompt(ModalScreen[LogFilter | None]):
    """Enter takes the filter, if it can be read; Tab completes, again: the next way; Escape leaves all as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "leave", show=False),
        Binding("tab", "complete(1)", "complete", show=False, priority=True),
        Binding("shift+tab", "complete(-1)", "complete back", show=False, priority=True),
    ]

    def __init__(self, chosen: LogFilter, facets: Facets | None) -> None:
        super().__init__()
        self._text, self._facets = str(chosen), facets
        self._offered: list[Candidate] = []
        self._at = -1
        self._typed = self._text
        self._completing = False

    def compose(self) -> ComposeResult:
        yield Palette()
        with Vertical(id="filterprompt"):
            yield Lines(id="candidates")
            with Vertical(id="prompt"):
                yield Static("filter", markup=False)
                text = f"{self._text} " if self._text else ""
                field = Input(text, placeholder="level>=WARNING component:A/B -tag:t words since:2h", compact=True)
                field.cursor_blink = False
                field.select_on_focus = False
                yield field

    def on_mount(self) -> None:
        self.query_one(Lines).on_size = self._draw
        self.query_one(Input).cursor_position = len(self.query_one(Input).value)
        self._offer(self.query_one(Input).value)

    def on_input_changed(self, event: Input.Changed) -> None:
        if self._completing:
            self._completing = False
            return
        self._offer(event.value)

    def _offer(self, text: str) -> None:
        self._typed, self._at = text, -1
        self._offered = candidates(text, self._facets)
        self._draw()

    def _draw(self) -> None:
        panel = self.query_one(Lines)
        width = panel.size.width
        cells: list[tuple[str, str]] = [(" tab ", "key")] if self._offered else [(" ", "normal")]
        for at, each in enumerate(self._offered):
            count = f" {words.count(each.records)}" if each.records is not None else ""
            cells.append((f"{visible(each.shown)[:40]}{count}", "accent" if at == self._at else "normal"))
            cells.append(("  ", "normal"))
        hint = "enter takes it, esc leaves; a word is text, - excludes"
        problem = self._problem(self._typed if self._at < 0 else self.query_one(Input).value)
        last = ((words.fit(" " + problem, width), "bad"),) if problem else ((words.fit(" " + hint, width), "dim"),)
        panel.show([tuple(cells), last])

    def _problem(self, text: str) -> str:
        try:
            LogFilter.parse(text)
        except InvalidOption as error:
            return visible(f"{error.what} {error.remedy}")
        return ""

    def action_complete(self, by: int) -> None:
        if not self._offered:
            return
        self._at = (self._at + by) % len(self._offered) if self._at >= 0 or by > 0 else len(self._offered) - 1
        field = self.query_one(Input)
        self._completing = field.value != self._offered[self._at].text
        field.value = self._offered[self._at].text
        field.cursor_position = len(field.value)
        if len(self._offered) == 1:
            self._offer(field.value)
        else:
            self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            self.dismiss(LogFilter.parse(event.value))
        except InvalidOption:
            self._offer(event.value)
