"""Settings: what holds, which source said so, what it touches and costs; changed in the user's file.

The screen asks the host and draws; the validator, the guard rails and the file are those of `cornerman config`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from .. import keys, settings_view, words
from ..feed import Delivery, Problem
from ..runs_view import safe
from ..setting_queries import ChangeAnswer, ChangeQuery, SettingsAnswer, SettingsQuery
from ..settings_view import SECTIONS, Row
from ..widgets.lines import Line, Lines, rule
from ..widgets.scroll import Scroll
from ..widgets.table import Table
from .base import BaseScreen

if TYPE_CHECKING:
    from cornerman.core.setting_sources import Explanation


class SettingsScreen(BaseScreen):
    """A list of settings by section, and the one under the cursor in full."""

    WHERE: ClassVar[keys.Where] = "settings"
    BINDINGS = keys.bindings_of("settings")
    TITLE_WORD = "settings"
    SECTIONS: ClassVar[Sequence[str]] = tuple(SECTIONS)

    def __init__(self) -> None:
        super().__init__()
        self.add_class("-settings")
        self.answer: SettingsAnswer | None = None
        self.rows: list[Row] = []
        self.said = ""
        self._problem: Problem | None = None
        self._advanced = False
        self._filter = ""
        self._shown = ""

    def parts(self) -> ComposeResult:
        header, table, text = Lines(id="header"), Table(id="list"), Scroll(id="text")
        header.on_size = table.on_size = text.on_size = self.redraw
        yield from (header, table, Lines(id="title"), text)

    def on_screen_resume(self) -> None:
        self.ask()
        self.call_after_refresh(self.redraw)

    def ask(self) -> None:
        self.cornerman.host_feed.ask(SettingsQuery(self.given))

    @property
    def given(self) -> Mapping[str, str]:
        """Values that are stronger than all sources."""
        return {}

    def hear(self, delivery: Delivery) -> None:
        query: Any = delivery.query  # of the host's feed, or the store's
        answer: Any = delivery.answer
        if isinstance(query, ChangeQuery):
            self._changed(query, answer)
        elif isinstance(query, SettingsQuery) and query.given == self.given:
            if isinstance(answer, SettingsAnswer):
                self.answer, self._problem = answer, None
                self._obey(answer)
            elif isinstance(answer, Problem):
                self._problem = answer
        self.redraw()

    def _obey(self, answer: SettingsAnswer) -> None:
        """What the next screen is drawn by; colours and characters were decided when the program began."""
        options = self.cornerman.options
        if not self.given:
            now = answer.options
            if now.images != options.images:  # what was changed last counts, here or by the key on a run
                self.cornerman.images.wanted = now.images
            self.cornerman.options = options._replace(
                frames_per_second=now.frames_per_second,
                bytes_per_second=now.bytes_per_second,
                every=now.every,
                images=now.images,
                rendering=now.rendering,
            )

    def _changed(self, query: ChangeQuery, answer: Any) -> None:
        from .ask import Confirm

        if isinstance(answer, Problem):
            self.said = f"not saved: {answer.what}"
            self.cornerman.say(f"{answer.what} {answer.remedy}")
        elif isinstance(answer, ChangeAnswer) and answer.warnings:
            question = f"Save {query.name} = {safe(query.text or '')}?"
            sure = ChangeQuery(query.name, query.text, sure=True)
            self.app.push_screen(Confirm(question, "; ".join(answer.warnings)), lambda yes: self._sure(sure, bool(yes)))
        elif isinstance(answer, ChangeAnswer):
            self.said = answer.said
            self.ask()

    def _sure(self, query: ChangeQuery, yes: bool) -> None:
        self.said = "" if yes else "not saved"
        if yes:
            self.cornerman.host_feed.ask(query)
        self.redraw()

    # ---- what is drawn -------------------------------------------------------------------------------------------

    def fields(self) -> list[Row]:
        """Rows above the settings."""
        return []

    def redraw(self) -> None:
        if not self.is_mounted or self.too_small:
            return
        first = not self.rows
        if self.answer is not None:
            self.rows = [
                *self.fields(),
                *settings_view.rows(
                    self.answer.explained,
                    self.answer.costs,
                    self.answer.file,
                    sections=self.SECTIONS,
                    advanced=self._advanced,
                    wanted=self._filter,
                ),
            ]
        self._draw_header()
        table, look = self.query_one(Table), self.cornerman.look
        width = table.size.width
        if rows := self.rows:
            table.cursor = 1 if first else table.cursor  # the first heading says nothing
            head = [settings_view.head(width)]
            table.fill(head, len(rows), lambda i, on: settings_view.line(rows[i], on, width, look))
        else:
            table.fill([((self._instead(), "dim"),)], 0, lambda i, on: ())
        self._draw_text()

    def _instead(self) -> str:
        if self._problem is not None:
            return f" {self._problem.what} {self._problem.remedy}"
        return f" No setting matches {self._filter!r}: esc drops the filter" if self._filter else " reading"

    def place(self) -> str:
        return words.short_path(self.answer.file) if self.answer else ""

    def _draw_header(self) -> None:
        header, look = self.query_one("#header", Lines), self.cornerman.look
        said = self.said or (f"filter {self._filter!r}" if self._filter else "")
        if not said and self.answer is not None and self.answer.problems:
            said = f"{look.glyph('warn')} {len(self.answer.problems)} to mend: c"
        right = f"{safe(said)} " if said else ""
        left = " cornerman "
        room = max(0, header.size.width - len(left) - len(right))
        place = f" {self.TITLE_WORD} {look.glyph('dot')} {safe(self.place())}"
        header.show([((left, "badge"), (words.fit(place, room), "dim"), (right[: header.size.width - 12], "warn"))])

    def _draw_text(self) -> None:
        panel = self.query_one(Scroll)
        row = self.row
        name = row.name if row else ""
        panel.fill(self._text(row, panel.size.width), keep=name == self._shown)
        self._shown = name
        more = f"{panel.total - panel.size.height} more: pgdn" if panel.total > panel.size.height else ""
        title = rule(
            safe(row.label if row and row.kind == "field" else name), panel.size.width, self.cornerman.look, more
        )
        self.query_one("#title", Lines).show([title])

    def _text(self, row: Row | None, width: int) -> list[Line]:
        if self.answer is None or row is None:
            return []
        if row.kind == "setting":
            one = next(one for one in self.answer.explained if one.key.name == row.name)
            return settings_view.detail(one, self.answer.costs, self.answer.file, width, self.cornerman.look)
        if row.kind == "heading" and self.answer.problems:
            return settings_view.problems(self.answer.problems, width)
        return self.help_of(row, width)

    def help_of(self, row: Row, width: int) -> list[Line]:
        """What is said of a row that is no setting."""
        return [((f" {row.value}." if row.kind == "heading" else " Few people ever need these.", "dim"),)]

    # ---- the cursor ----------------------------------------------------------------------------------------------

    @property
    def row(self) -> Row | None:
        at = self.query_one(Table).cursor
        return self.rows[at] if 0 <= at < len(self.rows) else None

    def on_table_moved(self) -> None:
        self.said = ""
        self._draw_header()
        self._draw_text()

    def on_table_chosen(self) -> None:
        self.action_change()

    def action_move(self, by: int) -> None:
        table = self.query_one(Table)
        table.move_to(table.cursor + by, tell=True)

    def action_section(self, by: int) -> None:
        """To the next heading, or the one before."""
        table = self.query_one(Table)
        at = [number for number, row in enumerate(self.rows) if row.kind == "heading"]
        wanted = [number for number in at if (number > table.cursor if by > 0 else number < table.cursor - 1)]
        if wanted:
            table.move_to((wanted[0] if by > 0 else wanted[-1]) + 1, tell=True)

    def action_page(self, direction: int) -> None:
        self.query_one(Scroll).scroll_rows(direction * max(1, self.query_one(Scroll).size.height - 1))

    # ---- what keys do --------------------------------------------------------------------------------------------

    def action_change(self) -> None:
        """Type a value for what is under the cursor."""
        from .ask import Prompt

        row = self.row
        if row is None or row.kind == "heading":
            return
        if row.kind == "folded":
            self.action_advanced()
            return
        hint = self._hint(row)
        self.app.push_screen(Prompt(row.label, row.value, hint), lambda text: self._typed(row, text))

    def _hint(self, row: Row) -> str:
        one = self._explained(row)
        return f"{one.key.bounds} {one.key.unit}".strip() if one else ""

    def _explained(self, row: Row | None) -> Explanation | None:
        """The setting of a row, if it is one."""
        known = self.answer.explained if self.answer and row else ()
        return next((one for one in known if row and one.key.name == row.name), None)

    def action_next(self) -> None:
        """The next of a few choices, without typing."""
        row = self.row
        one = (
            next((one for one in self.answer.explained if row and one.key.name == row.name), None)
            if self.answer
            else None
        )
        if one is None or row is None:
            return
        choices = list(one.key.choices) or (["true", "false"] if one.key.kind == "bool" else [])
        if one.key.kind == "auto or bool":
            choices = ["auto", "true", "false"]
        if choices:
            now = one.key.words(one.value)
            self._typed(row, choices[(choices.index(now) + 1) % len(choices) if now in choices else 0])

    def _typed(self, row: Row, text: str | None) -> None:
        if text is not None and text.strip() and text.strip() != row.value:
            self.change(row, text.strip())

    def change(self, row: Row, text: str | None) -> None:
        """Put a value where it belongs: into the user's file."""
        if self.cornerman.options.read_only:
            self.said = "read-only: nothing is changed here"
            self.redraw()
            return
        self.cornerman.host_feed.ask(ChangeQuery(row.name, text))

    def action_unset(self) -> None:
        if (row := self.row) is not None and row.kind == "setting":
            self.change(row, None)

    def action_advanced(self) -> None:
        self._advanced = not self._advanced
        self.redraw()

    def action_problems(self) -> None:
        """What is wrong anywhere, as `cornerman config check` has it: it stands at the first heading."""
        if self.answer is not None and not self.answer.problems:
            self.said = "every setting can be used"
            self._draw_header()
            return
        table = self.query_one(Table)
        table.move_to(next((at for at, row in enumerate(self.rows) if row.kind == "heading"), 0), tell=True)

    def action_filter(self) -> None:
        from .ask import Prompt

        self.app.push_screen(
            Prompt("filter", self._filter, "words of a name, a description: stored data"), self._filtered
        )

    def _filtered(self, typed: str | None) -> None:
        if typed is not None:
            self._filter = typed.strip()
            self.query_one(Table).cursor = 1
            self.redraw()

    def action_back(self) -> None:
        if self._filter:
            self._filter = ""
            self.redraw()
        else:
            self.app.pop_screen()
