"""Keys that change refused records on the Schemas screen: nothing happens before it was shown and answered with yes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from .. import schema_settling
from ..schema_queries import SettleAnswer, SettleQuery
from .ask import Confirm, Prompt

if TYPE_CHECKING:
    from .schemas import SchemasScreen


class Settling:
    """Asks about the chosen group of one screen, has it settled, and tells the screen."""

    def __init__(self, screen: SchemasScreen) -> None:
        self._screen = screen

    def ask(self, act: Literal["retry", "discard"]) -> None:
        if (group := self._screen.held()) is not None:
            asked = schema_settling.retrying(group) if act == "retry" else schema_settling.discarding(group)
            self._confirm(asked, SettleQuery(act, group.schema, group.path, group.rule))

    def type_edit(self) -> None:
        """A rule is typed, tried on the newest records, shown, and only then made."""
        if (group := self._screen.held()) is None:
            return

        def typed(edits: str | None) -> None:
            if edits and edits.strip():
                self._do(
                    SettleQuery("edit", group.schema, group.path, group.rule, edits.strip(), preview=True), "trying"
                )

        self._screen.app.push_screen(Prompt("change", "", schema_settling.EXAMPLES), typed)

    def heard(self, answer: Any) -> str:
        """What is said of an answer; of a trial the question follows."""
        if not isinstance(answer, SettleAnswer):
            return ""
        if (tried := answer.previewed) is None:
            self._screen.settled()
            return answer.said
        group = self._screen.group
        if self._screen.is_current and group is not None and (group.schema, group.path, group.rule) == tried.group:
            self._confirm(schema_settling.editing(group, tried.edits, answer), replace(tried, preview=False))
        return ""

    def _confirm(self, asked: schema_settling.Question, query: SettleQuery) -> None:
        def answered(yes: bool | None) -> None:
            if yes:
                self._do(query, "discarding" if query.act == "discard" else "judging again")

        self._screen.app.push_screen(Confirm(*asked), answered)

    def _do(self, query: SettleQuery, said: str) -> None:
        self._screen.cornerman.feed.ask(query)
        self._screen.say(said)
