"""The form that launches: what to start, and the settings it gets, checked as on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from cornerman.core.errors import InvalidOption
from cornerman.core.setting_keys import key

from .. import keys, launch_fields
from ..feed import Delivery, Problem
from ..launch_queries import BeginQuery, BegunAnswer
from ..settings_view import Row
from ..widgets.lines import Line
from .settings import SettingsScreen

if TYPE_CHECKING:
    from cornerman.adapters.launches import Launch

    from .launches import LaunchesScreen


class LaunchScreen(SettingsScreen):
    """The settings form, with what to start above it; its values are for this program alone."""

    WHERE: ClassVar[keys.Where] = "launch"
    BINDINGS = keys.bindings_of("launch")
    TITLE_WORD = "launch"
    SECTIONS = ("resources", "producer", "storage")

    def __init__(self, like: Launch | None, list_of: LaunchesScreen) -> None:
        super().__init__()
        self._list = list_of
        self._filled: dict[str, str] = (
            launch_fields.filled_from(like.command, like.job, like.cwd, like.restart) if like else {}
        )
        self._given: dict[str, str] = dict(like.settings) if like else {}
        self._begin: BeginQuery | None = None

    @property
    def given(self) -> Mapping[str, str]:
        return dict(self._given)

    def place(self) -> str:
        return self.cornerman.store_path

    def fields(self) -> list[Row]:
        return launch_fields.rows(self._filled)

    def help_of(self, row: Row, width: int) -> list[Line]:
        if row.name == launch_fields.KIND:
            return [((f" {launch_fields.KIND_HELP}", "normal"),)]
        found = launch_fields.field(row.name)
        if found is None:
            return super().help_of(row, width)
        return (
            [((f" {found.help}", "normal"),), ((f" For example: {found.hint}", "dim"),)]
            if found.hint
            else [((f" {found.help}", "normal"),)]
        )

    def _hint(self, row: Row) -> str:
        found = launch_fields.field(row.name)
        return found.hint if found else super()._hint(row)

    def action_change(self) -> None:
        if (row := self.row) is not None and row.name == launch_fields.KIND:
            self.action_next()
        else:
            super().action_change()

    def action_next(self) -> None:
        row = self.row
        if row is not None and row.name == launch_fields.KIND:
            kinds = launch_fields.KINDS
            self._filled[row.name] = kinds[(kinds.index(row.value) + 1) % len(kinds)]
            self.redraw()
        else:
            super().action_next()

    def _typed(self, row: Row, text: str | None) -> None:
        if row.kind == "field" and text is not None:
            self._filled[row.name] = text.strip()
            self.redraw()
        else:
            super()._typed(row, text)

    def change(self, row: Row, text: str | None) -> None:
        """A value for this program; the validator of every source."""
        if text is None:
            self._given.pop(row.name, None)
            self._filled.pop(row.name, None)
        else:
            try:
                key(row.name).parse(text, "what you typed")
            except InvalidOption as error:
                self.said = f"not taken: {error.what}"
                self.cornerman.say(f"{error.what} {error.remedy}")
                self.redraw()
                return
            self._given[row.name] = text
        self.said = ""
        self.ask()
        self.redraw()

    def action_unset(self) -> None:
        if (row := self.row) is not None and row.kind in ("setting", "field"):
            self.change(row, None)

    def action_launch(self) -> None:
        """Check everything, then start; what is wrong stays on the screen to be mended."""
        try:
            command = launch_fields.command_of(self._filled)
        except InvalidOption as error:
            self._refuse(error.what, error.remedy)
            return
        job, cwd, restart = (self._filled.get(name, "") for name in ("job", "cwd", "restart"))
        self._begin = BeginQuery(command, job, cwd, dict(self._given), restart)
        self.said = "checking"
        self.cornerman.host_feed.ask(self._begin)
        self.redraw()

    def hear(self, delivery: Delivery) -> None:
        query: Any = delivery.query
        answer: Any = delivery.answer
        if not isinstance(query, BeginQuery):
            super().hear(delivery)
        elif isinstance(answer, Problem):
            self._refuse(answer.what, answer.remedy)
        elif isinstance(answer, BegunAnswer):
            self._begun(query, answer)

    def _refuse(self, what: str, remedy: str) -> None:
        self.said = f"not started: {what}"
        self.cornerman.say(f"{what} {remedy}")
        self.redraw()

    def _begun(self, query: BeginQuery, answer: BegunAnswer) -> None:
        from .ask import Confirm

        if not answer.warnings:
            self._list.show(answer.id)
            self.app.pop_screen()
            return
        sure = replace(query, sure=True)
        self.app.push_screen(
            Confirm("Start it all the same?", "; ".join(answer.warnings)), lambda yes: self._sure_begin(sure, bool(yes))
        )

    def _sure_begin(self, query: BeginQuery, yes: bool) -> None:
        self.said = "starting" if yes else "not started"
        if yes:
            self.cornerman.host_feed.ask(query)
        self.redraw()
