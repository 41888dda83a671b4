"""How the Logs screen draws what it knows: the list and its counts, the record, the timeline, the status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import log_detail, log_facets, log_status, log_timeline, log_view
from ..log_facets import FacetRow
from ..log_hits import Hits
from ..log_memory import LogMemory
from ..log_terms import terms_of
from ..widgets.lines import Line, Lines, rule
from ..widgets.log_table import FacetTable, LogTable
from ..widgets.scroll import Scroll
from .base import BaseScreen

if TYPE_CHECKING:
    from cornerman.core.logs import Facets, Timeline

    from ..feed import Problem
    from ..log_cursor import LogCursor

MOST_ROWS_KEPT = 1_000
"""Rows that are kept as they were drawn."""


class LogDrawing(BaseScreen):
    """The part of the Logs screen that is seen: it holds what is drawn, and asks nothing."""

    def __init__(self, cursor: LogCursor) -> None:
        super().__init__()
        self.cursor = cursor
        self.hits: Hits | None = None
        self.memory = LogMemory(None)
        self._facets: Facets | None = None
        self._timeline: Timeline | None = None
        self._problem: Problem | None = None
        self._said = ""
        self._jumping = self._drawing = False
        self._field = 0
        self._in_facets, self._opened = False, {"component"}
        self._facet_rows: list[FacetRow] = []
        self._facet_key: tuple[str, str] | None = None
        self._detail = self._zoomed = False
        self._detailed = -1
        """The record that the detail pane has."""
        self._drawn: tuple[object, int] = ((), 0)
        self._kept_rows: dict[object, Line] = {}

    @property
    def preset_name(self) -> str:
        """Under which name the filter is saved, if it is."""
        return ""

    def tell(self, said: str) -> None:
        self._said = said
        self._draw_status()

    def _sized(self) -> None:
        """A part has another size, and others will in the same turn: all are drawn once."""
        if not self._drawing:
            self._drawing = True
            self.call_after_refresh(self.redraw)

    @property
    def _here(self) -> int:
        return self.cursor.entry.id if self.cursor.entry is not None else -1

    def _value(self) -> tuple[str, str] | None:
        """The value that is marked: of the counts, or of the record."""
        if self._in_facets:
            at = self.query_one(FacetTable).cursor
            row = self._facet_rows[at] if 0 <= at < len(self._facet_rows) else None
            return row.key if row is not None and row.value else None
        terms = self._terms()
        return terms[self._field % len(terms)] if terms else None

    def _terms(self) -> list[tuple[str, str]]:
        return terms_of(self.cursor.entry.record) if self.cursor.entry is not None else []

    def redraw(self) -> None:
        self._drawing = False
        if not self.is_mounted or self.too_small:
            return
        self._draw_header()
        self._draw_facets()
        self._draw_list()
        self._draw_detail()
        self._draw_timeline()
        self._draw_status()

    @property
    def _needles(self) -> tuple[str, ...]:
        return log_view.needles_of(self.cursor.chosen, self.hits.chosen if self.hits is not None else None)

    def _draw_header(self) -> None:
        header, chips, look = self.query_one("#header", Lines), self.query_one("#chips", Lines), self.cornerman.look
        note = log_status.damage(self.cursor)
        if self._problem is not None and self.cursor.entries:
            note = f"as last read; now: {self._problem.name}"
        header.show([log_status.header(self.cursor, self.cornerman.store_path, note, header.size.width, look)])
        chips.show([log_view.chips(self.cursor.chosen, self.preset_name, chips.size.width, look)])

    def _draw_timeline(self) -> None:
        panel, entry = self.query_one("#timeline", Lines), self.cursor.entry
        at = entry.record.time_us if entry is not None else None
        panel.show(log_timeline.lines(self._timeline, at, *panel.size, self.cornerman.look))

    def _draw_facets(self) -> None:
        table, look = self.query_one(FacetTable), self.cornerman.look
        if not table.size.width or not table.display:
            return
        self._facet_rows = shown = log_facets.rows(self._facets, self.cursor.chosen, self._opened)
        names = [row.key for row in shown]
        if self._facet_key in names:
            table.cursor = names.index(self._facet_key)
        width, inside = table.size.width - 1, self._in_facets
        head = [rule(log_facets.title(self._facets, look), width, look, style="accent" if inside else "title")]
        table.fill(head, len(shown), lambda i, on: log_facets.line(shown[i], on and inside, width, look))

    def _draw_list(self) -> None:
        table, cursor = self.query_one(LogTable), self.cursor
        width, entries = table.size.width, cursor.entries
        if not entries:
            page = log_status.instead(
                cursor, self._problem, self.cornerman.store_path, width, table.size.height, self.cornerman.look
            )
            table.fill(page, 0, lambda i, on: ())
            return
        if entries is not self._drawn[0]:  # the cursor's row stays where it is on the screen
            table.top = cursor.index - self._drawn[1]
        table.cursor = cursor.index
        table.fill((), len(entries), self._row_of(table, width))
        self._drawn = entries, table.cursor - table.top

    def _row_of(self, table: LogTable, width: int) -> Any:
        entries, look, needles = self.cursor.entries, self.cornerman.look, self._needles
        counts = self._facets.values if self._facets is not None else {}
        columns = log_view.layout(width, len(counts.get("run", ())) > 1, bool(counts.get("code", ())))
        answer, marks, kept = self.cursor.answer, self.memory.bookmarks, self._kept_rows
        bars: dict[int, str] = {}

        def row(index: int, under_cursor: bool) -> Line:
            top = table.top
            if top not in bars:
                known = answer is not None and answer.rank is not None
                first, total = (answer.rank + top, answer.total) if known else (0, None)  # type: ignore[union-attr, operator]
                bars[top] = log_view.scroll_bar(table.page, first, total, look)
            entry = entries[index]
            above = log_view.moment(entries[index - 1].record.time_us)[0] if index > 0 else ""
            if index == top:
                above = "" if columns.time > 8 else log_view.moment(entry.record.time_us)[0]
            bar = bars[top][index - top] if index - top < len(bars[top]) else " "
            key = (entry.id, columns, above, under_cursor, entry.id in marks, needles, bar)
            line = kept.get(key)
            if line is None:
                if len(kept) >= MOST_ROWS_KEPT:
                    kept.clear()
                line = kept[key] = log_view.row(
                    entry.record, columns, look, day_before=above, cursor=under_cursor, marked=entry.id in marks,
                    needles=needles, bar=bar,
                )  # fmt: skip
            return line

        return row

    def _draw_detail(self) -> None:
        panel, entry = self.query_one(Scroll), self.cursor.entry
        width, look = panel.size.width, self.cornerman.look
        if not width or not panel.display:
            return
        field = self._field % max(1, len(self._terms()))
        text = log_detail.lines(entry, field, width, look, self._needles) if entry is not None else []
        same = self._detailed == self._here
        self._detailed = self._here
        panel.fill(text, keep=same)
        more = panel.total - panel.size.height
        place = (
            ("z shows all" if not self._zoomed else f"{panel.top + 1}-{panel.top + panel.size.height}")
            if more > 0
            else ""
        )
        self.query_one("#logtitle", Lines).show([rule("record", width, look, place)])

    def _draw_status(self) -> None:
        panel, now = self.query_one("#logstatus", Lines), self.cornerman.clock()
        said = self._said or self.cursor.said or log_status.searching(self.cursor, now)
        if not said and self.hits is not None:
            said = self.hits.words(self._here, now, self.cornerman.look)
        if self._jumping and not said:
            said = "looking; esc stops"
        panel.show([log_status.status(self.cursor, self._value(), said, panel.size.width, self.cornerman.look)])
