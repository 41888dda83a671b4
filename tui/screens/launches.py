"""What was launched from this host into this store: alive or how it ended, what it wrote last; stop, kill, restart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult

from .. import keys, launches_view, words
from ..feed import Delivery, Problem
from ..launch_queries import Act, ActAnswer, ActQuery, LaunchesAnswer, LaunchesQuery
from ..runs_view import safe
from ..schemas_view import Listing
from ..widgets.lines import Lines, rule
from ..widgets.scroll import Scroll
from ..widgets.table import Table
from .base import BaseScreen

if TYPE_CHECKING:
    from ..launch_queries import Shown

_ASKED: dict[Act, tuple[str, str]] = {
    "stop": ("Stop", "SIGTERM: it ends by itself, and what it recorded is stored."),
    "kill": ("Kill", "SIGKILL, to it and all that it started. What it recorded until then is safe."),
    "restart": ("Restart", "It is stopped if it runs, killed if that takes too long, and started again as it was."),
    "forget": ("Forget", "Its runs and logs stay."),
}


class LaunchesScreen(BaseScreen):
    """A list, and one of them in full."""

    WHERE: ClassVar[keys.Where] = "launches"
    BINDINGS = keys.bindings_of("launches")

    def __init__(self) -> None:
        super().__init__()
        self.add_class("-text-main")
        self._answer: LaunchesAnswer | None = None
        self._problem: Problem | None = None
        self._chosen = ""
        self.said = ""
        self._listing = Listing((), (), lambda index: ())

    def parts(self) -> ComposeResult:
        header, table, text = Lines(id="header"), Table(id="list"), Scroll(id="text")
        header.on_size = table.on_size = text.on_size = self.redraw
        yield from (header, table, Lines(id="title"), text)

    def on_screen_resume(self) -> None:
        self._ask()
        self.call_after_refresh(self.redraw)

    def on_screen_suspend(self) -> None:
        """Nobody looks, so nothing is read."""
        self.cornerman.host_feed.forget("launches")

    def _ask(self) -> None:
        self.cornerman.host_feed.ask(LaunchesQuery(self._chosen))

    def show(self, launch_id: str) -> None:
        """Put the cursor on a launch that was just begun."""
        self._chosen, self.said = launch_id, "started"

    def hear(self, delivery: Delivery) -> None:
        query: Any = delivery.query  # of the host's feed, or the store's
        answer: Any = delivery.answer
        if isinstance(query, LaunchesQuery):
            if isinstance(answer, Problem):
                self._problem = answer
            elif isinstance(answer, LaunchesAnswer):
                self._answer, self._problem = answer, None
                self._chosen = self._chosen or answer.of
        elif isinstance(query, ActQuery):
            self.said = f"not done: {answer.what}" if isinstance(answer, Problem) else ""
            if isinstance(answer, ActAnswer):
                self.said = answer.said
                self._chosen = "" if query.act in ("restart", "forget") else self._chosen
            self._ask()
        if self.is_current:
            self.redraw()

    @property
    def selected(self) -> Shown | None:
        found = self._answer.shown if self._answer else ()
        return next((one for one in found if one.launch.id == self._chosen), None)

    # ---- what is drawn -------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        if not self.is_mounted or self.too_small:
            return
        look = self.cornerman.look
        shown = self._answer.shown if self._answer else ()
        self._listing = launches_view.listing(shown, self.cornerman.clock(), self.cornerman.known_runs)
        table = self.query_one(Table)
        width = table.size.width
        if self._chosen in self._listing.keys:
            table.cursor = list(self._listing.keys).index(self._chosen)
        if shown:
            listing = self._listing
            table.fill([listing.head(width)], len(shown), lambda i, on: listing.row(i, on, width, look))
        else:
            table.fill(self._listing.instead(width, table.size.height), 0, lambda i, on: ())
        self._draw_header(sum(one.alive for one in shown), len(shown))
        self._draw_text()

    def _draw_header(self, alive: int, count: int) -> None:
        header, look = self.query_one("#header", Lines), self.cornerman.look
        said = self.said or (self._problem.what if self._problem else "")
        right = f"{safe(said)} " if said else ""
        left = " cornerman "
        room = max(0, header.size.width - len(left) - len(right))
        dot = look.glyph("dot")
        place = f" launched {dot} {alive} of {count} alive {dot} {self.cornerman.store_path}"
        header.show([((left, "badge"), (words.fit(place, room), "dim"), (right[: header.size.width - 12], "warn"))])

    def _draw_text(self) -> None:
        panel, one = self.query_one(Scroll), self.selected
        width = panel.size.width
        if one is None or self._answer is None:
            panel.fill([])
            self.query_one("#title", Lines).show([rule("", width, self.cornerman.look)])
            return
        lines = self._answer.lines if self._answer.of == one.launch.id else ()
        panel.fill(launches_view.detail(one, lines, width, self.cornerman.look))
        panel.scroll_rows(panel.total)  # the newest line is what is looked for
        self.query_one("#title", Lines).show([rule(f"{one.launch.id} {one.words}", width, self.cornerman.look)])

    # ---- what keys do --------------------------------------------------------------------------------------------

    def on_table_moved(self) -> None:
        at = self.query_one(Table).cursor
        if 0 <= at < len(self._listing.keys):
            self._chosen, self.said = str(self._listing.keys[at]), ""
            self._ask()
            self.redraw()

    def on_table_chosen(self) -> None:
        self.action_open()

    def action_move(self, by: int) -> None:
        table = self.query_one(Table)
        table.move_to(table.cursor + by, tell=True)

    def action_page(self, direction: int) -> None:
        self.query_one(Scroll).scroll_rows(direction * max(1, self.query_one(Scroll).size.height - 1))

    def action_open(self) -> None:
        """The newest run that the program recorded."""
        if (one := self.selected) is not None:
            if one.run:
                self.cornerman.open_run(one.run)
                return
            self.said = "it has recorded no run yet"
            self.redraw()

    def action_new(self, like: bool) -> None:
        from .launch import LaunchScreen

        if self._refused():
            return
        self.app.push_screen(LaunchScreen(self.selected.launch if like and self.selected else None, self))

    def action_act(self, act: Act) -> None:
        from .ask import Confirm

        one = self.selected
        if one is None or self._refused():
            return
        what, consequence = _ASKED[act]
        names = words.short_ids([shown.launch.id for shown in self._answer.shown] if self._answer else [])
        question = f"{what} {names.get(one.launch.id, one.launch.id)} {safe(one.launch.job)}?".replace(" ?", "?")
        query = ActQuery(act, one.launch.id)
        self.app.push_screen(Confirm(question, consequence), lambda yes: self._confirmed(query, bool(yes)))

    def _refused(self) -> bool:
        if self.cornerman.options.read_only:
            self.said = "read-only: nothing is started or ended here"
            self.redraw()
        return self.cornerman.options.read_only

    def _confirmed(self, query: ActQuery, yes: bool) -> None:
        if yes:
            self.said = "asked"
            self.cornerman.host_feed.ask(query)
            self.redraw()

    def action_back(self) -> None:
        self.app.pop_screen()
