"""The list of runs: which are alive, which are learning, what they cost, and whether anything was lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from .. import keys, runs_view, words
from ..feed import Delivery, Problem
from ..queries import DeleteAnswer, DeleteQuery, RunsAnswer, RunsQuery
from ..widgets.lines import Line, Lines
from ..widgets.table import Table
from .base import BaseScreen

if TYPE_CHECKING:
    from cornerman.core.records import RunSummary


class RunsScreen(BaseScreen):
    """The first screen."""

    WHERE: ClassVar[keys.Where] = "runs"
    BINDINGS = keys.bindings_of("runs")

    def __init__(self) -> None:
        super().__init__()
        self._answer: RunsAnswer | None = None
        self._problem: Problem | None = None
        self._shown: list[RunSummary] = []
        self._ids: dict[str, str] = {}
        self._filter = ""
        self._sort, self._reverse = "state", True
        self._said = ""
        self._detail_height = 0

    def parts(self) -> ComposeResult:
        header, table, detail = Lines(id="header"), Table(id="runs"), Lines(id="detail")
        header.on_size = table.on_size = detail.on_size = self.redraw
        yield from (header, table, detail)

    def on_screen_resume(self) -> None:
        """Looked at (again): what is known is drawn at once, what is new is asked for."""
        self.cornerman.feed.ask(RunsQuery())
        self.call_after_refresh(self._looked_at)

    def _looked_at(self) -> None:
        self.redraw()
        self.call_after_refresh(self.cornerman.begin)

    def on_screen_suspend(self) -> None:
        """Covered by another screen: nobody looks, so nothing is read."""
        self.cornerman.feed.forget("runs")

    @property
    def selected(self) -> RunSummary | None:
        table = self.query_one(Table)
        return self._shown[table.cursor] if 0 <= table.cursor < len(self._shown) else None

    def hear(self, delivery: Delivery) -> None:
        if isinstance(delivery.answer, Problem):
            if isinstance(delivery.query, DeleteQuery):
                self._said = f"not deleted: {delivery.answer.what}"
            else:
                self._problem = delivery.answer
        elif isinstance(delivery.answer, RunsAnswer):
            self._answer, self._problem = delivery.answer, None
            self.cornerman.known_runs = tuple(run.run_id for run in delivery.answer.runs)
            self._ids = words.short_ids(self.cornerman.known_runs)
        elif isinstance(delivery.answer, DeleteAnswer):
            self._said = f"deleted, {words.size(delivery.answer.freed)} freed"
            self.cornerman.feed.ask(RunsQuery())
        if self.is_current:
            self.redraw()

    def redraw(self) -> None:
        if not self.is_mounted or self.too_small:
            return
        at = self.selected
        self._shown = self._ordered()
        self._draw_header()
        self._size_detail()
        table = self.query_one(Table)
        columns = self._columns()
        look, now = self.cornerman.look, self.cornerman.clock()
        if at is not None:
            ids = [run.run_id for run in self._shown]
            table.cursor = ids.index(at.run_id) if at.run_id in ids else table.cursor
        if self._shown:
            head = [runs_view.head(columns, self._sort, self._reverse, look)]
            shown = self._shown
            short = self._ids
            table.fill(
                head, len(shown), lambda i, on: runs_view.row(shown[i], short[shown[i].run_id], columns, look, now, on)
            )
        else:
            message = self._instead(table.size.width, table.size.height)
            table.fill(message, 0, lambda i, on: ())
        self._draw_detail()

    def _columns(self) -> list[runs_view.Column]:
        runs = self._answer.runs if self._answer else ()
        return runs_view.columns_for(self.query_one(Table).size.width, runs, self._ids.values())

    def _instead(self, width: int, height: int) -> list[Line]:
        """What stands where no run can be listed; empty, damaged, locked and newer each say so."""
        path, look = self.cornerman.store_path, self.cornerman.look
        if self._problem is not None and self._problem.name != "StoreNotFound":
            return runs_view.problem(*self._problem, path, width, height, look)
        if self._answer is None and self._problem is None:
            return runs_view.centred([((f"Opening {path}", "dim"),)], width, height)
        if self._filter and self._answer is not None and self._answer.runs:
            lines: list[Line] = [
                ((f"No run matches {self._filter!r}.", "normal"),),
                (("esc drops the filter", "dim"),),
            ]
            return runs_view.centred(lines, width, height)
        return runs_view.empty(path, width, height, look)

    def _ordered(self) -> list[RunSummary]:
        runs = self._answer.runs if self._answer else ()
        column = next(column for column in runs_view.COLUMNS if column.name == self._sort)
        return sorted(
            (run for run in runs if not self._filter or runs_view.matches(run, self._filter)),
            key=column.sort,
            reverse=self._reverse,
        )

    def _draw_header(self) -> None:
        header = self.query_one("#header", Lines)
        said = self._said
        if self._answer is not None and self._answer.notices and not said:
            said = f"{self.cornerman.look.glyph('warn')} {self._answer.notices[0].split('. ')[0]}"
        if self._problem is not None and self._answer is not None:
            said = f"{self.cornerman.look.glyph('warn')} as last read; now: {self._problem.name}"
        if self._filter and not said:
            said = f"filter {self._filter!r}: {len(self._shown)} of {len(self._answer.runs) if self._answer else 0}"
        if self._answer is None and not said:
            said = "not read" if self._problem is not None else "opening"
        runs = self._answer.runs if self._answer else ()
        header.show(
            [
                runs_view.header(
                    self.cornerman.store_path, runs, len(self._shown), said, header.size.width, self.cornerman.look
                )
            ]
        )

    def _size_detail(self) -> None:
        """A short list leaves its room to the selected run."""
        wanted = runs_view.detail_height(self.app.size.height, len(self._shown), self.has_class("-large"))
        if self._detail_height != wanted:
            self._detail_height = self.query_one("#detail").styles.height = wanted

    def _draw_detail(self) -> None:
        panel = self.query_one("#detail", Lines)
        panel.show(
            runs_view.detail(
                self.selected, panel.size.width, panel.size.height, self.cornerman.look, self.cornerman.clock()
            )
        )

    def on_table_moved(self) -> None:
        self._draw_detail()

    def on_table_chosen(self) -> None:
        self.action_open()

    def action_open(self) -> None:
        if (run := self.selected) is not None:
            self.cornerman.open_run(run.run_id)

    def action_logs(self) -> None:
        self.cornerman.open_logs()

    def action_schemas(self) -> None:
        self.cornerman.open_schemas()

    def action_move(self, by: int) -> None:
        self._said = ""
        table = self.query_one(Table)
        table.move_to(table.cursor + by, tell=True)

    def action_page(self, direction: int) -> None:
        self.action_move(direction * (self.query_one(Table).page - 1))

    def action_edge(self, direction: int) -> None:
        self.action_move(direction * len(self._shown))

    def action_sort(self, by: int) -> None:
        names = [column.name for column in self._columns()]
        at = names.index(self._sort) if self._sort in names else -1 if by > 0 else 0
        self._sort = names[(at + by) % len(names)]
        self._reverse = self._sort not in ("job", "run", "environment", "ledger")
        self.redraw()

    def action_reverse(self) -> None:
        self._reverse = not self._reverse
        self.redraw()

    def action_filter(self) -> None:
        from .ask import Prompt

        self.app.push_screen(Prompt("filter", self._filter, "words of state, job, run, environment"), self._filtered)

    def _filtered(self, words_typed: str | None) -> None:
        if words_typed is not None:
            self._filter = words_typed.strip()
            self.redraw()

    def action_clear(self) -> None:
        self._filter = self._said = ""
        self.redraw()

    def action_delete(self) -> None:
        from .ask import Confirm

        run = self.selected
        if run is None:
            return
        if self.cornerman.options.read_only:
            self._said = "read-only: nothing is deleted here"
            self.redraw()
            return
        question = f"Delete {runs_view.safe(run.job)} {self._ids[run.run_id]}?"
        consequence = f"{words.exact(run.transition_count)} steps, {words.size(run.bytes)}. This cannot be undone."
        if run.state in ("live", "stale"):
            consequence += " Its process is alive: it stops recording."
        self.app.push_screen(Confirm(question, consequence), lambda yes: self._confirmed(run.run_id, bool(yes)))

    def _confirmed(self, run_id: str, yes: bool) -> None:
        if yes:
            self._said = "deleting"
            self.cornerman.feed.ask(DeleteQuery(run_id))
            self.redraw()
