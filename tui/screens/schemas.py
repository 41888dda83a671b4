"""The schemas of a store: ids, versions and documents, what a change breaks, adoption, and what was refused.

The screen only asks and draws: documents, comparisons and groups are made on the reader's thread by the functions
that the commands `schema`, `enforce` and `quarantine` use. It changes nothing but the state of refused records, after
asking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual.app import ComposeResult

from .. import keys, runs_view, schemas_text, schemas_view, words
from ..feed import Delivery, Problem
from ..schema_queries import (
    CHANNELS,
    DiffAnswer,
    DiffQuery,
    DocumentAnswer,
    DocumentQuery,
    QuarantineAnswer,
    QuarantineQuery,
    RecordAnswer,
    RecordQuery,
    RulesAnswer,
    RulesQuery,
    SchemasAnswer,
    SchemasQuery,
    VersionsAnswer,
    VersionsQuery,
)
from ..schemas_view import VIEWS, Listing
from ..widgets.lines import Line, Lines, rule
from ..widgets.scroll import Scroll
from ..widgets.table import Table
from .base import BaseScreen
from .settling import Settling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cornerman.core.schema.refused import ErrorGroup, State

    from ..schema_queries import SchemaQuery

STATES: tuple[State | None, ...] = ("held", "accepted", "discarded", None)
_LAYOUTS = {"versions": "-text-main", "quarantine": "-text-main", "diff": "-text-only", "rules": "-text-only"}


class SchemasScreen(BaseScreen):
    """Six views of one registry; the chosen schema and version are kept from one to the next."""

    WHERE: ClassVar[keys.Where] = "schemas"
    BINDINGS = keys.bindings_of("schemas")

    def __init__(self) -> None:
        super().__init__()
        self.shown = "schemas"
        self.subject = ""
        """The id whose versions are shown."""
        self._chosen: dict[str, Any] = {}
        """By view: the name of the row under the cursor, which stays when rows come and go."""
        self._old = ""
        """The version that a diff starts from; empty for the one before."""
        self._record = 0
        self._state: State | None = "held"
        self._filter = ""
        self._said = ""
        self._zoomed = False
        self._answers: dict[type, Any] = {}
        self._problems: dict[str, Problem] = {}
        self._asked: dict[str, SchemaQuery] = {}
        self._text_of: tuple[Any, ...] = ()
        self._listing = Listing((), (), lambda index: ())
        self._settling = Settling(self)

    def parts(self) -> ComposeResult:
        header, table, text = Lines(id="header"), Table(id="list"), Scroll(id="text")
        header.on_size = table.on_size = text.on_size = self.redraw
        yield from (header, Lines(id="tabs"), table, Lines(id="title"), text)

    def on_screen_resume(self) -> None:
        self._asked.clear()
        self._show(self.shown)

    def on_screen_suspend(self) -> None:
        """Nobody looks, so nothing is read."""
        self.cornerman.feed.forget(*CHANNELS)

    def on_unmount(self) -> None:
        self.cornerman.feed.forget(*CHANNELS)

    # ---- what is asked -------------------------------------------------------------------------------------------

    def _ask(self, query: SchemaQuery) -> None:
        """Ask, unless that is what is being answered already."""
        if self._asked.get(query.channel) != query:
            self._asked[query.channel] = query
            self._problems.pop(query.channel, None)
            self.cornerman.feed.ask(query)

    def _want(self) -> None:
        """Ask for what the view shows."""
        tick = not self.cornerman.options.read_only
        if self.shown in ("schemas", "adoption"):
            self._ask(SchemasQuery(tick))
        elif self.shown == "quarantine":
            self._ask(QuarantineQuery(self._state))
            if (group := self.group) is not None:
                self._ask(RecordQuery(group.schema, group.path, group.rule, self._state, self._record))
        elif self.shown == "rules":
            self._ask(RulesQuery())
        elif self.subject:
            self._ask(VersionsQuery(self.subject))
            if self.shown == "versions" and self.version:
                self._ask(DocumentQuery(f"{self.subject}@{self.version}"))
            if self.shown == "diff" and (pair := self._pair()):
                self._ask(DiffQuery(self.subject, *pair))

    def hear(self, delivery: Delivery) -> None:
        query, answer = delivery.query, delivery.answer
        channel = query.channel if query is not None else ""
        if channel != "settle" and (query is None or self._asked.get(channel) != query):
            return
        if channel == "settle":
            self._said = f"not done: {answer.what}" if isinstance(answer, Problem) else self._settling.heard(answer)
        elif isinstance(answer, Problem):
            self._problems[channel] = answer
        else:
            self._problems.pop(channel, None)
            self._answers[type(answer)] = answer
        if self.is_current:
            self.redraw()
            self._want()

    def _answer(self, kind: type) -> Any:
        return self._answers.get(kind)

    @property
    def _versions(self) -> VersionsAnswer | None:
        answer = self._answer(VersionsAnswer)
        return answer if answer is not None and answer.schema == self.subject else None

    @property
    def version(self) -> str:
        """The chosen version of the subject."""
        found = self._versions
        if found is None:
            return ""
        known = [entry.version for entry in found.versions]
        chosen = self._chosen.get("versions")
        if chosen in known:
            return str(chosen)
        return next((entry.version for entry in found.versions if not entry.retired), known[0])

    def _pair(self) -> tuple[str, str] | None:
        """The two versions of a diff; None where there is only one."""
        found, new = self._versions, self.version
        if found is None or len(found.versions) < 2:
            return None
        known = [entry.version for entry in found.versions]
        if self._old in known and self._old != new:
            return self._old, new
        at = known.index(new)
        return (known[at + 1], new) if at + 1 < len(known) else (new, known[at - 1])

    @property
    def group(self) -> ErrorGroup | None:
        answer: QuarantineAnswer | None = self._answer(QuarantineAnswer)
        wanted = self._chosen.get("quarantine")
        groups = answer.groups if answer else ()
        shown = [g for g in groups if schemas_view.matching(f"{g.schema} {g.path} {g.rule}", self._filter)]
        named = (group for group in shown if (group.schema, group.path, group.rule) == wanted)
        return next(named, shown[0] if shown else None)

    # ---- what is drawn -------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        if not self.is_mounted or self.too_small:
            return
        self._draw_header()
        self._draw_list()
        self._draw_text()

    def _draw_header(self) -> None:
        header, look = self.query_one("#header", Lines), self.cornerman.look
        said = self._said or (f"filter {self._filter!r}" if self._filter else "")
        right = f"{said} " if said else ""
        left = " cornerman "
        room = max(0, header.size.width - len(left) - len(right))
        place = f" schemas {look.glyph('dot')} {self.cornerman.store_path}"
        header.show([((left, "badge"), (words.fit(place, room), "dim"), (right, "warn"))])
        tabs: list[tuple[str, str]] = []
        for number, view in enumerate(VIEWS, start=1):
            here = view == self.shown
            tabs.append((f"[{number} {view}]" if here else f" {number} {view} ", "accent" if here else "dim"))
        self.query_one("#tabs", Lines).show([tuple(tabs)])

    def _draw_list(self) -> None:
        table, look = self.query_one(Table), self.cornerman.look
        self._listing = listing = self._listed()
        width = table.size.width
        if self.shown in self._chosen and self._chosen[self.shown] in listing.keys:
            table.cursor = list(listing.keys).index(self._chosen[self.shown])
        elif self.shown == "versions" and self.version in listing.keys:
            table.cursor = list(listing.keys).index(self.version)
        if listing.keys:
            table.fill([listing.head(width)], len(listing.keys), lambda i, on: listing.row(i, on, width, look))
        else:
            table.fill(self._instead(listing, width, table.size.height), 0, lambda i, on: ())

    def _listed(self) -> Listing:
        now = self.cornerman.clock()
        schemas: SchemasAnswer | None = self._answer(SchemasAnswer)
        if self.shown == "schemas" and schemas is not None:
            return schemas_view.schemas(schemas.entries, schemas.adoption, self._filter, now)
        if self.shown == "adoption" and schemas is not None:
            return schemas_view.adoption(schemas.adoption, self._filter, now, self.cornerman.look)
        if self.shown == "quarantine" and (held := self._answer(QuarantineAnswer)) is not None:
            return schemas_view.quarantine(held.groups, self._state or "kept", self._filter, now)
        if self.shown == "versions" and (self._versions is not None or not self.subject):
            return schemas_view.versions(self._versions.versions if self._versions else (), now)
        return Listing((), (), lambda index: (), ("reading",))

    def _instead(self, listing: Listing, width: int, height: int) -> list[Line]:
        main = {"schemas": "schemas", "adoption": "schemas", "versions": "versions", "quarantine": "quarantine"}
        if (found := self._problems.get(main.get(self.shown, ""))) is not None:
            if self.shown == "versions":
                return schemas_text.problem(found, width)
            return runs_view.problem(*found, self.cornerman.store_path, width, height, self.cornerman.look)
        return listing.instead(width, height)

    def _draw_text(self) -> None:
        panel = self.query_one(Scroll)
        width = panel.size.width
        title, name, text = self._text(width)
        keep = name == self._text_of
        self._text_of = name
        panel.fill(text, keep=keep)
        last = min(panel.total, panel.top + panel.size.height)
        place = f"{panel.top + 1:,}-{last:,} of {panel.total:,}" if panel.total > panel.size.height else ""
        heading = rule(runs_view.safe(title), width, self.cornerman.look, place)
        self.query_one("#title", Lines).show([heading])

    def _text(self, width: int) -> tuple[str, tuple[Any, ...], Sequence[Line]]:
        """A title, a name by which a text is known as the same a little later, and the text."""
        now = self.cornerman.clock()
        if self.shown in ("schemas", "adoption"):
            return self._text_of_schema(width, now)
        if self.shown == "versions":
            return self._text_of_document(width)
        if self.shown == "diff":
            return self._text_of_diff(width)
        if self.shown == "quarantine":
            return self._text_of_record(width, now)
        answer: RulesAnswer | None = self._answer(RulesAnswer)
        return "rules", ("rules",), schemas_text.rules(answer, width, now) if answer else self._waiting("rules", width)

    def _text_of_schema(self, width: int, now: float) -> tuple[str, tuple[Any, ...], Sequence[Line]]:
        key, answer = self._under_cursor(), self._answer(SchemasAnswer)
        if key is None or answer is None:
            return "", (self.shown,), ()
        name = str(key).partition("@")[0]
        use = answer.adoption.get(name)
        if self.shown == "adoption":
            hints = ("enter: its versions. cornerman enforce adoption --of steps takes another measure",)
            chosen = next((each for each in (use[0] if use else ()) if each.pin == str(key)), None)
            trend = schemas_text.over_time(chosen, width, now, self.cornerman.look)
            lines = [*schemas_text.checkpoint(use, width, now), *trend, *schemas_text.hints(hints, width)]
            return name, (self.shown, name), lines
        entry = next(entry for entry in answer.entries if entry.id == name)
        return name, (self.shown, name), schemas_text.schema(entry, use, width, now)

    def _text_of_document(self, width: int) -> tuple[str, tuple[Any, ...], Sequence[Line]]:
        if not self.version:
            return "", ("versions",), ()
        pin, answer = f"{self.subject}@{self.version}", self._answer(DocumentAnswer)
        if answer is None or answer.pin != pin:
            return pin, ("document", pin), self._waiting("document", width)
        return pin, ("document", pin), answer.lines

    def _text_of_diff(self, width: int) -> tuple[str, tuple[Any, ...], Sequence[Line]]:
        if not self.subject:
            return "diff", ("diff",), schemas_text.hints(["No schema is chosen: 1 lists them."], width)
        pair, answer = self._pair(), self._answer(DiffAnswer)
        if pair is None:
            only = (
                f"{self.subject} has one version: nothing to compare it with. cornerman schema add FILE adds the next."
            )
            waits = self._waiting("versions", width) if self._versions is None else schemas_text.hints([only], width)
            return self.subject, ("diff",), waits
        title, name = f"{self.subject} {pair[0]} → {pair[1]}", ("diff", self.subject, *pair)
        if answer is None or (answer.schema, answer.old, answer.new) != (self.subject, *pair):
            return title, name, self._waiting("diff", width)
        return title, name, schemas_text.diff(answer, width)

    def _text_of_record(self, width: int, now: float) -> tuple[str, tuple[Any, ...], Sequence[Line]]:
        group, answer = self.group, self._answer(RecordAnswer)
        if group is None:
            return self._state or "all", ("record",), ()
        title = f"{self._state or 'all'}: record {self._record + 1:,} of {group.records:,}"
        name = ("record", self._chosen.get("quarantine"), self._record, self._state)
        if answer is None or answer.query != self._asked.get("record"):
            return title, name, self._waiting("record", width)
        return title, name, schemas_text.record(answer, width, now)

    def _waiting(self, channel: str, width: int) -> Sequence[Line]:
        found = self._problems.get(channel)
        return schemas_text.problem(found, width) if found else schemas_text.hints(["reading"], width)

    # ---- the cursor ----------------------------------------------------------------------------------------------

    def _under_cursor(self) -> Any:
        at = self.query_one(Table).cursor
        return self._listing.keys[at] if 0 <= at < len(self._listing.keys) else None

    def on_table_moved(self) -> None:
        self._said = ""
        if (key := self._under_cursor()) is not None and key != self._chosen.get(self.shown):
            self._chosen[self.shown] = key
            self._record, self._old = 0, ""
        self._draw_text()
        self._want()

    def on_table_chosen(self) -> None:
        self.action_open()

    @property
    def _only_text(self) -> bool:
        return self._zoomed or _LAYOUTS.get(self.shown) == "-text-only"

    def action_move(self, by: int) -> None:
        if self._only_text:
            self._scroll(by)
        else:
            table = self.query_one(Table)
            table.move_to(table.cursor + by, tell=True)

    def action_page(self, direction: int) -> None:
        if self.shown in _LAYOUTS or self._zoomed:
            self._scroll(direction * max(1, self.query_one(Scroll).size.height - 1))
        else:
            self.action_move(direction * (self.query_one(Table).page - 1))

    def action_edge(self, direction: int) -> None:
        if self._only_text:
            self._scroll(direction * self.query_one(Scroll).total)
        else:
            self.action_move(direction * len(self._listing.keys))

    def _scroll(self, by: int) -> None:
        self.query_one(Scroll).scroll_rows(by)
        self._draw_text()

    # ---- what keys do --------------------------------------------------------------------------------------------

    def _show(self, view: str) -> None:
        if view in ("versions", "diff") and self.shown in ("schemas", "adoption"):
            self._choose_subject()
        if view != self.shown:
            self._said, self._zoomed = "", False
            self.query_one(Table).cursor = 0
        self.shown = view
        self._dress()
        self._want()
        self.call_after_refresh(self.redraw)

    def _choose_subject(self) -> None:
        key = self._under_cursor()
        name = str(key).partition("@")[0] if key is not None else self.subject
        if name != self.subject:
            self.subject, self._old = name, ""
            self._chosen.pop("versions", None)
        if key is not None and self.shown == "adoption":
            self._chosen["versions"] = str(key).partition("@")[2]

    def _dress(self) -> None:
        layout = "-text-only" if self._zoomed else _LAYOUTS.get(self.shown, "")
        for name in ("-text-main", "-text-only"):
            self.set_class(name == layout, name)

    def action_view(self, number: int) -> None:
        self._show(VIEWS[number])

    def action_turn(self, by: int) -> None:
        self._show(VIEWS[(VIEWS.index(self.shown) + by) % len(VIEWS)])

    def action_open(self) -> None:
        if self.shown in ("schemas", "adoption") and self._under_cursor() is not None:
            self._show("versions")
        elif self.shown == "versions" and not self._zoomed:
            self._show("diff")
        elif self.shown == "quarantine":
            self.action_zoom()

    def action_zoom(self) -> None:
        self._zoomed = not self._zoomed
        self._dress()
        self.call_after_refresh(self.redraw)

    def action_back(self) -> None:
        if self._zoomed:
            self.action_zoom()
        elif self._filter:
            self._filter = ""
            self.redraw()
            self._want()
        elif self.shown != "schemas":
            self._show("versions" if self.shown == "diff" else "schemas")
        else:
            self.app.pop_screen()

    def action_other(self, by: int) -> None:
        """The other version of a diff, or the next record of a group."""
        if self.shown == "diff" and (pair := self._pair()) is not None and self._versions is not None:
            known = [entry.version for entry in self._versions.versions if entry.version != self.version]
            old = pair[0] if pair[0] in known else pair[1]
            self._old = known[max(0, min(len(known) - 1, known.index(old) - by))]
        elif self.shown == "quarantine" and (group := self.group) is not None:
            self._record = max(0, min(group.records - 1, self._record - by))
        self._want()
        self.redraw()

    def action_state(self) -> None:
        if self.shown == "quarantine":
            self._state = STATES[(STATES.index(self._state) + 1) % len(STATES)]
            self._record, self._said = 0, ""
            self._answers.pop(QuarantineAnswer, None)
            self._want()
            self.redraw()

    def action_filter(self) -> None:
        from .ask import Prompt

        self.app.push_screen(Prompt("filter", self._filter, "words of a schema, a path, a rule"), self._filtered)

    def _filtered(self, typed: str | None) -> None:
        if typed is not None:
            self._filter, self._record = typed.strip(), 0
            self.redraw()
            self._want()

    # ---- what is refused is settled ------------------------------------------------------------------------------

    def action_settle(self, act: Literal["retry", "discard"]) -> None:
        self._settling.ask(act)

    def action_edit(self) -> None:
        self._settling.type_edit()

    def held(self) -> ErrorGroup | None:
        """The chosen group, where it may be changed; else why not is said."""
        group = self.group
        if self.shown != "quarantine" or group is None:
            return None
        if self.cornerman.options.read_only or self._state != "held":
            read_only = self.cornerman.options.read_only
            self.say("read-only: nothing is changed here" if read_only else "only held records: t shows them")
            return None
        return group

    def say(self, text: str) -> None:
        self._said = text
        self.redraw()

    def settled(self) -> None:
        """Records were changed: they are read again."""
        self._record = 0
        for channel in ("quarantine", "record"):
            self._asked.pop(channel, None)
