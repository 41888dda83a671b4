"""What is done with a record beside reading it: mark, copy, write, replay, register its code, keep a filter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from cornerman.core.errors import InvalidOption
from cornerman.core.logs import LogFilter
from cornerman.core.logs.saved import forget_filter, save_filter, saved_filters
from cornerman.core.logs.unregistered import Unregistered

from .. import clipboard, log_text, words
from ..feed import Delivery, Problem
from ..log_export import ExportAnswer, ExportQuery, proposed
from ..log_memory import Bookmark
from ..log_queries import (
    BookmarksAnswer,
    BookmarksQuery,
    CodesAnswer,
    CodesQuery,
    RegisterAnswer,
    RegisterLoggerQuery,
    RegisterQuery,
)
from ..log_view import moment
from ..log_window import Place
from ..renderers._cells import visible
from .choose import Choice, Choose
from .log_drawing import LogDrawing


class LogAsides(LogDrawing):
    """The part of the Logs screen that is not the list."""

    _exporting = False
    _saved: dict[str, LogFilter] | None = None

    # ---- what the list offers ------------------------------------------------------------------------------------

    def go(self, place: Place) -> None:
        raise NotImplementedError

    def choose(self, chosen: LogFilter) -> None:
        raise NotImplementedError

    def hear_aside(self, channel: str, delivery: Delivery) -> bool:
        """Take an answer that is not for the list; whether it was one."""
        answer: Any = delivery.answer
        if channel not in ("bookmarks", "codes", "export", "register"):
            return False
        if isinstance(answer, Problem):
            self._exporting = False
            self.tell(f"{answer.what} {answer.remedy}")
        elif isinstance(answer, BookmarksAnswer):
            self._list_marks(answer)
        elif isinstance(answer, CodesAnswer):
            self._list_codes(answer)
        elif isinstance(answer, RegisterAnswer):
            self.tell(f"{visible(answer.name)} is known now, as {visible(answer.component)}: {answer.twin}")
        elif isinstance(answer, ExportAnswer):
            self._heard_export(answer)
        return True

    # ---- saved filters -------------------------------------------------------------------------------------------

    @property
    def preset_name(self) -> str:
        """Under which name the filter is saved, if it is."""
        if self._saved is None:
            self._saved = self._read_saved()
        return next((name for name, chosen in self._saved.items() if chosen == self.cursor.chosen), "")

    def _read_saved(self) -> dict[str, LogFilter]:
        try:
            return saved_filters()
        except InvalidOption as error:
            self.tell(f"{error.what} {error.remedy}")
            return {}

    def action_presets(self) -> None:
        known = self._saved = self._read_saved()
        names = list(known)
        keys = {"enter": "chooses", "del": "removes"}
        empty = (
            "No filter is saved yet.",
            "P saves the one that is active: `cornerman logs --filter NAME` knows it too.",
        )

        def chosen(choice: Choice | None) -> None:
            if choice is None:
                return
            name = names[choice.at]
            if choice.key == "enter":
                self.choose(known[name])
            else:
                self._keep(lambda: forget_filter(name), f"{name} is not saved any more")
                self.action_presets()

        self.app.push_screen(Choose("saved filters", [(name, str(known[name])) for name in names], keys, empty), chosen)

    def action_save(self) -> None:
        from .ask import Prompt

        if not self.cursor.chosen:
            self.tell("there is no filter to save: / types one")
            return
        self.app.push_screen(Prompt("save the filter as", self.preset_name, "one word"), self._typed_name)

    def _typed_name(self, typed: str | None) -> None:
        if name := (typed or "").strip():
            done = f"saved: p chooses it, cornerman logs --filter {name}"
            self._keep(lambda: save_filter(name, self.cursor.chosen), done)

    def _keep(self, change: Callable[[], object], done: str) -> None:
        try:
            change()
        except InvalidOption as error:
            done = f"{error.what} {error.remedy}"
        self._saved = None
        self.redraw()
        self.tell(done)

    # ---- bookmarks -----------------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        entry = self.cursor.entry
        if entry is None:
            return
        said = visible(entry.record.message[:200])
        on = self.memory.toggle(Bookmark(entry.id, entry.record.time_us, said))
        self.redraw()
        self.tell(self.memory.problem or ("bookmark set: b and B go to it, M lists all" if on else "bookmark removed"))

    def action_mark_beside(self, by: int) -> None:
        mark = self.memory.beside(self.cursor.entry.id if self.cursor.entry else -1, by)
        if mark is None:
            self.tell(f"no bookmark {'after' if by > 0 else 'before'} this record")
        else:
            self._go_to_mark(mark)

    def _go_to_mark(self, mark: Bookmark) -> None:
        self.go(Place("id", mark.id, mark.time_us))

    def action_marks(self) -> None:
        self.cornerman.logs.ask(BookmarksQuery(tuple(self.memory.bookmarks)))

    def _list_marks(self, answer: BookmarksAnswer) -> None:
        rows, marks = [], []
        for id, entry in answer.entries:
            mark = self.memory.bookmarks[id]
            day, clock = moment(mark.time_us)
            level = f"{entry.record.level[0]} " if entry is not None else ""
            gone = "" if entry is not None else "(removed) "
            rows.append((f"{day[5:]} {clock[:8]}", f"{level}{gone}{visible(mark.words)}"))
            marks.append(mark)
        keys = {"enter": "goes there", "del": "removes it"}
        empty = ("No bookmark is set in this store.", "m sets one at the record under the cursor.")

        def chosen(choice: Choice | None) -> None:
            if choice is None:
                return
            if choice.key == "enter":
                self._go_to_mark(marks[choice.at])
            else:
                self.memory.toggle(marks[choice.at])
                self.action_marks()

        self.app.push_screen(Choose("bookmarks", rows, keys, empty), chosen)

    # ---- copying and writing -------------------------------------------------------------------------------------

    def action_copy(self, form: Literal["text", "JSON"]) -> None:
        entry = self.cursor.entry
        if entry is None:
            return
        text = log_text.as_text(entry.record) if form == "text" else log_text.as_json(entry.record)
        what = "the record as JSON" if form == "JSON" else "the record as text"

        async def copied() -> None:
            self.tell(await asyncio.to_thread(clipboard.copy, text, what, self._to_terminal))

        self.run_worker(copied(), exit_on_error=False)

    def _to_terminal(self, text: str) -> None:
        self.app.call_from_thread(self.app.copy_to_clipboard, text)

    def action_export(self) -> None:
        from .ask import Prompt

        prompt = Prompt(
            "write to", proposed(self.cornerman.clock()), "a file: .jsonl has everything, .txt is a line each"
        )
        self.app.push_screen(prompt, self._typed_path)

    def _typed_path(self, typed: str | None) -> None:
        if typed and typed.strip():
            self._exporting = True
            path = Path(typed.strip()).expanduser().absolute()
            self.cornerman.logs.ask(ExportQuery(self.cursor.chosen, path))
            self.tell(f"writing {path}; esc stops")

    def _heard_export(self, answer: ExportAnswer) -> None:
        amount = f"{answer.records:,} records, {words.size(answer.size, ' ')}"
        self._exporting = not (answer.done or answer.stopped)
        if answer.done:
            self.tell(f"wrote {amount}: {answer.query.path}")
        elif answer.stopped:
            self.tell(f"stopped after {amount}; no file was made")
        else:
            self.tell(f"writing {amount} so far; esc stops")

    def stop_aside(self) -> bool:
        """Stop writing; whether something was being written."""
        if self._exporting:
            self.cornerman.logs.cancel("export")
        return self._exporting

    # ---- replay --------------------------------------------------------------------------------------------------

    def action_replay(self) -> None:
        """The run of the record, at its step where that is known, else at its time."""
        from ..moves import Move

        entry = self.cursor.entry
        if entry is None:
            return
        record = entry.record
        if not record.run_id:
            self.tell("this record belongs to no run")
            return
        move = Move("time", amount=record.time_us)
        if record.episode is not None and record.step is not None:
            move = Move("number", amount=record.episode, step=record.step, time_us=record.time_us)
        elif record.step is not None:
            move = Move("t", amount=record.step)
        self.cornerman.open_run(record.run_id, move, record.stream, record.env_index or 0)

    # ---- codes and loggers that nobody has registered ---------------------------------------------------------------

    def action_codes(self) -> None:
        self.cornerman.logs.ask(CodesQuery())

    def _list_codes(self, answer: CodesAnswer) -> None:
        rows = [(visible(one.value), f"{one.kind:<7} {one.records:,} records") for one in answer.found]
        keys = {"enter": "only its records", "r": "registers it"}
        empty = (
            "Every code and every logger that was written is known.",
            "Those of your own appear here as soon as they are logged.",
        )

        def chosen(choice: Choice | None) -> None:
            if choice is None:
                return
            one = answer.found[choice.at]
            if choice.key == "enter":
                self.choose(self.cursor.chosen.only(one.kind, one.value))
            else:
                self._register(one)

        self.app.push_screen(Choose("codes and loggers that nobody registered", rows, keys, empty), chosen)

    def _register(self, one: Unregistered) -> None:
        from .ask import Prompt

        if self.cornerman.options.read_only:
            self.tell("read-only: nothing is registered here")
        elif one.kind == "code":
            self.cornerman.logs.ask(RegisterQuery(one.value))
        else:
            prompt = Prompt("its component", "Worker", f"the part of a program that logs as {visible(one.value)}")
            self.app.push_screen(prompt, lambda typed: self._typed_component(one.value, typed))

    def _typed_component(self, logger: str, typed: str | None) -> None:
        if component := (typed or "").strip():
            self.cornerman.logs.ask(RegisterLoggerQuery(logger, component))
