"""The log records of a store: followed, filtered by what there is, searched, marked, and tied to the steps of runs.

The screen asks and draws; where its reader is in the list is a `LogCursor`, what is looked for in it are `Hits`. Rows
come at the rate at which the reader looks, four times a second, however many are written: a tail that was repainted for
each line would send more than all else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from textual.app import ComposeResult
from textual.containers import Horizontal

from cornerman.core.errors import InvalidOption
from cornerman.core.logs import LogFilter

from .. import keys, log_timeline, log_view
from ..feed import Delivery, Problem
from ..log_cursor import LogCursor
from ..log_hits import Hits
from ..log_memory import LogMemory
from ..log_queries import (
    FacetsAnswer,
    FacetsQuery,
    JumpAnswer,
    JumpQuery,
    SearchAnswer,
    TimelineAnswer,
    TimelineQuery,
)
from ..log_times import typed_time
from ..log_window import NEWEST, Place, WindowAnswer, WindowQuery
from ..widgets.lines import Lines
from ..widgets.log_table import FacetTable, LogTable
from ..widgets.scroll import Scroll
from .log_asides import LogAsides

if TYPE_CHECKING:
    from ..log_feed import LogFeeds

FINEST_US = 1_000_000
"""A timeline goes no closer than a second in all."""


class LogsScreen(LogAsides):
    """Reads the log."""

    WHERE: ClassVar[keys.Where] = "logs"
    BINDINGS = keys.bindings_of("logs")

    def __init__(self, chosen: LogFilter | None = None, place: Place = NEWEST) -> None:
        super().__init__(LogCursor(chosen or LogFilter(), place))
        self._restore = chosen is None
        self._asked: dict[str, Any] = {}
        self._heard_window: WindowQuery | None = None
        self._scope: tuple[int, int] | None = None
        """The part of time that the timeline shows; None for all of it."""

    @classmethod
    def of(cls, run_id: str = "", time_us: int | None = None) -> LogsScreen:
        """The logs of a run, at a time; of all runs and at the newest where nothing is said."""
        chosen = LogFilter().only("run", run_id) if run_id else None
        return cls(chosen, Place("time", time_us) if time_us is not None else NEWEST)

    def parts(self) -> ComposeResult:
        table, facets, detail = LogTable(id="loglist"), FacetTable(id="facets"), Scroll(id="logdetail")
        header, timeline = Lines(id="header"), Lines(id="timeline")
        header.on_size = table.on_size = detail.on_size = facets.on_size = self._sized
        timeline.on_size = self._want_counts
        yield from (header, Lines(id="chips"), timeline)
        with Horizontal(id="logbody"):
            yield facets
            yield table
        yield from (Lines(id="logtitle"), detail, Lines(id="logstatus"))

    # ---- life ----------------------------------------------------------------------------------------------------

    @property
    def feeds(self) -> LogFeeds:
        return self.cornerman.logs

    def ask_first(self, store: str, feeds: LogFeeds) -> None:
        """Remember, and ask before there is anything to draw on: the reader works while the screen is laid out."""
        self.memory = LogMemory(store)
        if self._restore and self.memory.filter:
            try:
                self.cursor = LogCursor(LogFilter.parse(self.memory.filter), self.cursor.place)
            except InvalidOption:
                self._said = "the filter chosen last cannot be read any more"
        self._said = self._said or self.memory.problem
        self._asked["window"] = self.cursor.query
        feeds.ask(self.cursor.query)

    def on_mount(self) -> None:
        self._detail = self.app.size.width >= 100 and self.app.size.height >= 28
        self._dress()

    def on_screen_resume(self) -> None:
        """Looked at (again): at the record it was at, or where the run screen has gone meanwhile."""
        if not self.feeds.waiting("window"):  # else the first question, which is still being answered
            self._asked.clear()
        moved = self.cornerman.moved_to_us
        if moved is not None:
            self.cornerman.moved_to_us = None
            self.cursor.go(Place("time", moved))
        else:
            self.cursor.resume()
        self._want_rows()
        if self.hits is not None and self.hits.busy:
            self.feeds.ask(self.hits.query)
        self.call_after_refresh(self.redraw)

    def on_screen_suspend(self) -> None:
        """Nobody looks, so nothing is read."""
        self.feeds.forget_all()

    def on_unmount(self) -> None:
        self.feeds.forget_all()

    def on_resize(self) -> None:
        super().on_resize()
        self.call_after_refresh(self.redraw)

    # ---- what is asked -------------------------------------------------------------------------------------------

    def _ask(self, query: Any) -> None:
        """Ask, unless that is what is being answered already."""
        if self._asked.get(query.channel) != query:
            self._asked[query.channel] = query
            self.feeds.ask(query)

    def _want_counts(self) -> None:
        """Ask for what stands beside the rows, once these are there: they are what somebody waits for."""
        answer = self.cursor.answer
        if answer is not None and answer.chosen == self.cursor.chosen:
            self._want_timeline()
            self._ask(FacetsQuery(self.cursor.chosen))

    def _want_rows(self) -> None:
        query, answer = self.cursor.query, self.cursor.answer
        if self._asked.get("window") == query and self._heard_window == query and answer is not None:
            self.cursor.heard(answer)  # it is being watched already, and will not be answered anew
        else:
            self._ask(query)

    def _want_timeline(self) -> None:
        panel = self.query_one("#timeline", Lines)
        if panel.size.width:
            since, until = self._scope or (None, None)
            spans = log_timeline.spans_for(panel.size.width)
            self._ask(TimelineQuery(self.cursor.chosen, spans, since, until))
            self._draw_timeline()

    # ---- what is heard -------------------------------------------------------------------------------------------

    def hear(self, delivery: Delivery) -> None:
        query: Any = delivery.query
        answer: Any = delivery.answer  # the unions of the feed know those of the telemetry
        channel = query.channel if query is not None else ""
        if self.hear_aside(channel, delivery):
            return
        wanted: object = self._asked.get(channel)
        if channel == "search":
            wanted = self.hits.query if self.hits is not None else None
        if wanted != query:
            return
        if isinstance(answer, Problem):
            self._heard_problem(channel, answer)
        elif isinstance(answer, WindowAnswer):
            self._heard_rows(answer)
        elif isinstance(answer, FacetsAnswer):
            self._facets = answer.facets
            self._draw_facets()
        elif isinstance(answer, TimelineAnswer):
            self._timeline = answer.timeline
            self._draw_timeline()
        elif isinstance(answer, SearchAnswer):
            self._heard_hits(answer)
        elif isinstance(answer, JumpAnswer):
            self._heard_jump(answer)

    def _heard_problem(self, channel: str, problem: Problem) -> None:
        self._jumping = False
        self._problem = problem
        self._said = f"{problem.name}: {problem.what}" if self.cursor.entries or channel in ("jump", "search") else ""
        self._asked.pop("jump", None)
        self.redraw()

    def _heard_rows(self, answer: WindowAnswer) -> None:
        self._problem, self._heard_window = None, self._asked.get("window")
        if self.cursor.heard(answer):
            self._ask(self.cursor.query)
        self.redraw()
        self._want_counts()

    def _heard_hits(self, answer: SearchAnswer) -> None:
        assert self.hits is not None
        self.hits.heard(answer)
        if self.hits.waiting:
            self._to_hit()
        self._draw_status()

    def _heard_jump(self, answer: JumpAnswer) -> None:
        self._jumping = False
        self._asked.pop("jump", None)
        if answer.entry is not None:
            self.go(Place("id", answer.entry.id, answer.entry.record.time_us))
            return
        side = "after" if answer.query.direction > 0 else "before"
        self.tell("stopped" if answer.stopped else f"no {answer.query.what} {side} this record")

    # ---- going somewhere -----------------------------------------------------------------------------------------

    def go(self, place: Place) -> None:
        self._said, self._field = "", 0
        if self.cursor.go(place):
            self._want_rows()
        self.redraw()

    def _move(self, by: int) -> None:
        self._said, self._field = "", 0
        self._stop_jump()
        if self.cursor.move(by):
            self._want_rows()
        self._moved()

    def _moved(self) -> None:
        self._draw_list()
        self._draw_detail()
        self._draw_header()
        self._draw_timeline()
        self._draw_status()

    def action_move(self, by: int) -> None:
        if self._in_facets:
            table = self.query_one(FacetTable)
            table.move_to(table.cursor + by, tell=True)
        elif self._zoomed:
            self.query_one(Scroll).scroll_rows(by)
        else:
            self._move(by)

    def action_page(self, direction: int) -> None:
        panel = self.query_one(Scroll) if self._zoomed else self.query_one(FacetTable if self._in_facets else LogTable)
        self.action_move(direction * max(1, panel.size.height - 2))

    def action_edge(self, direction: int) -> None:
        if self._in_facets or self._zoomed:
            self.action_move(direction * 1_000_000)
        else:
            self.go(Place("newest" if direction > 0 else "oldest"))

    def action_follow(self) -> None:
        if self.cursor.following:
            self._move(0)
        else:
            self.go(NEWEST)

    def on_log_table_moved(self, message: LogTable.Moved) -> None:
        self._move(message.index - self.cursor.index)

    def on_log_table_chosen(self) -> None:
        self.action_open()

    def on_log_table_dragged(self, message: LogTable.Dragged) -> None:
        answer = self.cursor.answer
        if answer is not None and answer.total:
            self.go(Place("rank", int(message.share * (answer.total - 1))))

    def action_error(self, direction: int) -> None:
        self._jump(JumpQuery(self.cursor.chosen.only("level", "ERROR"), self._here, direction, "error"))

    def _jump(self, query: JumpQuery) -> None:
        if self.cursor.entry is not None:
            self._jumping = True
            self._asked.pop("jump", None)
            self._ask(query)

    def _stop_jump(self) -> None:
        if self._jumping:
            self._jumping = False
            self._asked.pop("jump", None)
            self.feeds.forget("jump")

    def action_span(self, by: int) -> None:
        entry, timeline = self.cursor.entry, self._timeline
        if entry is None or timeline is None:
            return
        span = log_timeline.beside(timeline, entry.record.time_us, by)
        if span is None:
            self.tell("the timeline ends here")
        else:
            self.go(Place("time", span.begins_us))

    def action_scale(self, closer: int) -> None:
        """A quarter of the time, around the record, or four times as much."""
        timeline, entry = self._timeline, self.cursor.entry
        if timeline is None or not timeline.spans or entry is None:
            return
        begins, ends = timeline.spans[0].begins_us, timeline.spans[-1].ends_us
        length = (ends - begins) // 4 if closer > 0 else (ends - begins) * 4
        whole = self._whole_us
        if closer > 0 and length < FINEST_US:
            return
        at = entry.record.time_us
        self._scope = (at - length // 2, at - length // 2 + length)
        if closer < 0 and (whole is None or length >= whole):
            self._scope = None
        elif self._whole_us is None:
            self._whole_us = ends - begins
        self._want_timeline()

    _whole_us: int | None = None
    """How long all of the time is, known once a part of it is shown."""

    def action_goto(self) -> None:
        from .ask import Prompt

        self.app.push_screen(Prompt("go to time", "", "12:04   2h (ago)   2026-11-26T07:00"), self._typed_time)

    def _typed_time(self, typed: str | None) -> None:
        if not typed or not typed.strip():
            return
        now, entry = self.cornerman.clock(), self.cursor.entry
        try:
            near = entry.record.time_us if entry is not None else int(now * 1e6)
            self.go(Place("time", typed_time(typed, near, now)))
        except InvalidOption as error:
            self.tell(f"{error.what} Write {error.remedy}")

    # ---- filters -------------------------------------------------------------------------------------------------

    def choose(self, chosen: LogFilter) -> None:
        """Another filter; the record under the cursor stays, or the nearest to it."""
        self._said = ""
        if self.cursor.choose(chosen):
            self._chosen()

    def _chosen(self) -> None:
        self._stop_jump()
        self.memory.remember_filter(str(self.cursor.chosen))
        if self.hits is not None:
            self._search(self.hits.text, jump=False)
        self._want_rows()
        self.redraw()

    def action_undo(self) -> None:
        if self.cursor.undo():
            self._said = ""
            self._chosen()
        else:
            self.tell("there was no filter before")

    def action_clear(self) -> None:
        self.choose(LogFilter())

    def action_drop(self) -> None:
        if terms := self.cursor.chosen.terms:
            self.choose(self.cursor.chosen.dropping(terms[-1]))

    def action_least(self, level: str) -> None:
        chosen = self.cursor.chosen.without("level")
        self.choose(chosen if level == "DEBUG" else LogFilter.parse(f"{chosen} level>={level}"))

    def action_term(self, way: Literal["including", "excluding", "only"]) -> None:
        """Take the marked value into the filter; the same again takes it out."""
        value = self._value()
        if value is None:
            self._said = "no value is marked: up and down choose one" if self._in_facets else ""
            self._draw_status()
            return
        chosen = self.cursor.chosen
        changed: LogFilter = getattr(chosen, way)(*value)
        if way == "including" and not chosen.of(value[0]):
            changed = chosen.only(*value)
        if changed == chosen or (set(changed.terms) == set(chosen.terms)):
            mine = [t for t in chosen.terms if (t.field, t.value, t.exclude) == (*value, way == "excluding")]
            changed = chosen.dropping(*mine)
        self.choose(changed)

    def action_field(self, by: int) -> None:
        if self._in_facets:
            self._open_facet(by > 0)
        elif terms := self._terms():
            self._field = (self._field + by) % len(terms)
            self._draw_detail()
            self._draw_status()

    def action_filter(self) -> None:
        from .log_prompt import FilterPrompt

        self.app.push_screen(FilterPrompt(self.cursor.chosen, self._facets), self._typed_filter)

    def _typed_filter(self, chosen: LogFilter | None) -> None:
        if chosen is not None:
            self.choose(chosen)

    # ---- counts --------------------------------------------------------------------------------------------------

    def action_facets(self) -> None:
        self._in_facets = not self._in_facets
        self._zoomed = False
        self._dress()
        self.call_after_refresh(self.redraw)

    def _open_facet(self, opened: bool) -> None:
        at = self.query_one(FacetTable).cursor
        if not 0 <= at < len(self._facet_rows):
            return
        field = self._facet_rows[at].field
        (self._opened.add if opened else self._opened.discard)(field)
        self._draw_facets()

    def on_facet_table_moved(self, message: FacetTable.Moved) -> None:
        self._facet_key = self._facet_rows[message.index].key
        self._draw_status()

    def on_facet_table_chosen(self) -> None:
        self.action_open()

    # ---- searching -----------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        from .ask import Prompt

        last = self.hits.text if self.hits is not None else ""
        self.app.push_screen(
            Prompt("search", last, "a text, in any case: n and N go from hit to hit"), self._typed_text
        )

    def _typed_text(self, typed: str | None) -> None:
        if typed is not None and typed.strip():
            self._search(typed.strip(), jump=True)

    def _search(self, text: str, jump: bool) -> None:
        self._said = ""
        origin = None if self.cursor.following else self._here
        self.hits = Hits(text, self.cursor.chosen, origin if origin != -1 else None)
        self.hits.waiting = jump
        self.hits.at_first = jump
        self.feeds.ask(self.hits.query)
        self.redraw()

    def action_hit(self, direction: int) -> None:
        hits = self.hits
        if hits is None:
            self.tell("nothing is looked for: s searches")
        elif direction < 0:
            hits.waiting = True
            self._to_hit()
        elif (id := hits.newer(self._here)) is not None:
            self.go(Place("id", id))
        else:
            self._jump(hits.forward(self._here))

    def _to_hit(self) -> None:
        """To the next hit further back, as soon as it is known."""
        hits = self.hits
        assert hits is not None
        id = hits.older(self._here + (1 if hits.at_first else 0))
        if id is not None:
            hits.waiting = hits.at_first = False
            self.go(Place("id", id))
        elif hits.go_on():
            self.feeds.ask(hits.query)
        elif hits.stopped:
            hits.waiting = False  # its words say how far it came
        elif not hits.busy:
            hits.waiting = False
            self.tell(f'no {"other " if hits.ids else ""}hit of "{log_view.shown(hits.text)}" before this record')

    # ---- leaving -------------------------------------------------------------------------------------------------

    def action_back(self) -> None:
        """Stop what takes long; else one thing after the other is closed; then leave."""
        if self._stopped():
            return
        if self._zoomed:
            self.action_zoom()
        elif self._in_facets:
            self.action_facets()
        elif self.hits is not None:
            self.hits = None
            self.feeds.forget("search")
            self.redraw()
        else:
            self.app.pop_screen()

    def _stopped(self) -> bool:
        """Whether something was under way, and is not any more."""
        answer = self.cursor.answer
        if self._jumping:
            self.feeds.cancel("jump")
        elif self.hits is not None and self.hits.busy:
            self.feeds.cancel("search")
            self.hits.stop()
            self._draw_status()
        elif answer is not None and answer.progress is not None and not answer.stopped:
            self.feeds.cancel("window")
            self.cursor.stop()
            self.redraw()
        else:
            return self.stop_aside()
        return True

    # ---- what is open --------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        if self._in_facets:
            value = self._value()
            if value is None:
                self._open_facet(self._facet_rows[self.query_one(FacetTable).cursor].field not in self._opened)
            else:
                self.action_term("only")
            return
        self._detail = not self._detail or self._zoomed
        self._zoomed = False
        self._dress()
        self.call_after_refresh(self.redraw)

    def action_zoom(self) -> None:
        self._zoomed = not self._zoomed
        self._dress()
        self.call_after_refresh(self.redraw)

    def _dress(self) -> None:
        self.set_class(self._detail or self._zoomed, "-detail")
        self.set_class(self._zoomed, "-zoomed")
        self.set_class(self._in_facets, "-counting")
