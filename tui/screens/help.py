"""Help: every key from the one table, and where each number on the screens comes from."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from .. import keys, words
from ..look import Look
from ..widgets.lines import Line, Lines, Palette, rule

_TITLES = {
    "runs": "In the list of runs",
    "run": "In a run, live or replayed",
    "schemas": "In the schemas",
    "logs": "In the logs",
    "settings": "In the settings",
    "launches": "In what was launched",
    "launch": "In the form that launches",
    "app": "Everywhere",
}

SOURCES = (
    (
        "state",
        "LIVE: its process records. STALE: it lives, no step for a while. DONE: closed. FAILED: an error ended it."
        " INTERRUPTED: it died.",
    ),
    ("steps", "Transitions counted by the store: sealed in chunks, and those still in the journal."),
    ("/s", "Over the last seconds of a live run, over the whole life of one that ended."),
    ("returns", "The whole run, thinned to 60 points; each cell of a curve is the mean of its share."),
    ("last, len", "Return of the last episode that ended; mean length of the newest 100."),
    ("disk, in 24h", "Bytes on disk; the forecast takes the run's own pace."),
    ("ledger", "received = stored + open + sampled + quarantined + duplicate + dropped. Red if it does not add up."),
    ("t, row", "t counts vector steps from 0; rows count resets too. A reset is a row but no transition."),
    ("adoption", "A run counts for a version when its steps were judged by it; the checkpoint is met at 95% of runs."),
    ("counts", "What choosing a value would show: every other term of the filter is obeyed, its own field's are not."),
    ("timeline", "Height: how many records, by square root. E and W: errors and warnings among them."),
    ("= + -", "Take the marked value: only it, also it, never it. Arrows mark another value of the record."),
    ("lost", "Transitions that are gone: the causes of the loss ledger that say LOST. It is kept with the run."),
    ("sampled", "Left out at the source, as sample= or producer.sample says. Episodes count them."),
    ("view 1:n", "n rows passed for each one drawn. Only the view skips; the store has every row."),
    ("credits", "Frames that may be decoded ahead of what is drawn. STARVED: this screen is slower than rows come."),
    ("backlog, lag", "Rows in the journal that no chunk holds yet, and the age of the oldest. Durable, and read."),
    ("invalid", "Steps that their schema does not allow: sealed ones, and open ones as they come."),
    (
        "drawn, skipped",
        "The view ledger: rows drawn here since this run was opened, and those passed over, by cause. "
        "No view setting and no throttle has an effect on stored data.",
    ),
)

RENDERING = (
    ("rendering off", "p: no picture is read, decoded or drawn; their panel is gone. What is recorded is the same."),
    ("drops then", "Rows that are not drawn are in the store all the same: only the loss ledger says what is not."),
    ("no frames made", "That is said to the one who records: cornerman run --frames none, or record(frames='none')."),
    ("credits", "Eight for each view. A row takes one before it is decoded, and gives it back when it is drawn."),
    (
        "STARVED",
        "None is left: this screen is slower than rows come, so no more are decoded, and the newest wait (LOG101). "
        "RESUMED (LOG426): it caught up. Without a view none are taken, and none are needed.",
    ),
    ("first frames", "They wait until the view is there, eight at most, and are drawn then (LOG201, LOG202)."),
    ("recording", "Knows nothing of credits: neither a view nor its settings ever slow it down."),
)
"""What happens with rendering off, and what credits do."""


def lines(where: keys.Where, width: int, look: Look) -> list[Line]:
    """The keys of the current screen first, then all others."""
    rows: list[Line] = []
    order: tuple[keys.Where, ...] = (
        *(where, "app", "runs", "run", "logs", "schemas", "settings", "launches", "launch"),
    )
    for part in dict.fromkeys(order):
        rows += [rule(_TITLES[part], width, look), *(_explained(key, width) for key in keys.keys_of(part)), ()]
        if part == "run":
            rows += [*_section("Rendering and credits", RENDERING, width, look), ()]
    return rows + _section("Where the numbers come from", SOURCES, width, look)


def _section(title: str, said: tuple[tuple[str, str], ...], width: int, look: Look) -> list[Line]:
    rows = [rule(title, width, look)]
    for name, sentence in said:
        rows += _wrapped(name, sentence, width)
    return rows


def _explained(key: keys.Key, width: int) -> Line:
    return ((words.fit("  " + key.label, 14), "key"), (words.fit(key.sentence, width - 14).rstrip(), "normal"))


def _wrapped(name: str, source: str, width: int) -> list[Line]:
    from ..renderers._cells import wrap

    parts = wrap(source, max(20, width - 18))
    first: Line = ((words.fit("  " + name, 18), "key"), (parts[0], "normal"))
    return [first, *(((" " * 18, "normal"), (part, "normal")) for part in parts[1:])]


class Help(ModalScreen[None]):
    """Scrolls; any leaving key closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter,f1", "dismiss(None)", "close", show=False),
        Binding("down,j", "scroll(1)", "down", show=False),
        Binding("up,k", "scroll(-1)", "up", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
    ]

    def __init__(self, where: keys.Where) -> None:
        super().__init__()
        self._where: keys.Where = where
        self._top = 0

    def compose(self) -> ComposeResult:
        yield Palette()
        yield Lines(id="help")

    def on_mount(self) -> None:
        self.query_one(Lines).border_title = "Help"
        self.query_one(Lines).border_subtitle = "esc closes, arrows scroll"
        self.call_after_refresh(self.action_scroll, 0)

    def on_resize(self) -> None:
        self.call_after_refresh(self.action_scroll, 0)

    def action_scroll(self, by: int) -> None:
        panel = self.query_one(Lines)
        rows = lines(self._where, panel.size.width, panel.look)
        self._top = max(0, min(self._top + by, len(rows) - panel.size.height))
        panel.show(rows[self._top : self._top + panel.size.height])
