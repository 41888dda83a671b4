"""How recording and drawing go, in lines: the second line of the header, the diagnosis, and the panel of both ledgers.

Two tables that are never mixed: what became of the data, and what this screen did not draw. Pure functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.ledger_words import cause_of, counts, lost, worst

from . import words
from .live import BYTE_BUDGET, NO_VIEW, QUEUE_FULL, STARVED, THROTTLED, LivePath
from .look import Look
from .playback import Player, ViewLedger
from .queries import ViewAnswer
from .widgets.lines import Line, rule

if TYPE_CHECKING:
    from cornerman.core.records import LedgerRow, StreamFlow, StreamSummary

VIEW_CAUSES = {
    THROTTLED: "more rows come than are drawn",
    STARVED: "this screen draws slower than rows come",
    QUEUE_FULL: "this screen draws slower than rows come",
    BYTE_BUDGET: "the connection is slower than the pictures; p turns them off",
    NO_VIEW: "another screen was in front",
    "speed": "playback is faster than the screen",
    "frame rate": "frames came faster than view.fps",
}
"""Why rows were not drawn, and what that points at."""
BEHIND = 2
"""Full segments that wait before it is said that the sealer is behind."""


class Viewing(NamedTuple):
    """The state of this screen, beside what the store answered."""

    player: Player
    ledger: ViewLedger
    live: LivePath[Any]
    rendering: bool
    now: float


def flow_line(view: ViewAnswer, viewing: Viewing, width: int, look: Look) -> Line:
    """The second line of the header: what is drawn, what waits, what is lost. What matters most stands first."""
    if not view.streams:
        return ()
    stream = view.streams[view.stream]
    gone, bad = lost(stream.ledger), stream.flow.mismatches
    parts = [(f"lost {words.count(gone)}", "bad" if gone else "normal")]
    invalid = [(f"invalid {words.count(bad)}", "warn" if bad else "normal")]
    if bad:
        parts += invalid
    if stream.ledger.sampled or stream.manifest.get("sample"):
        parts.append((f"sampled {words.count(stream.ledger.sampled)}", "accent"))
    parts += _drawing(view, viewing)
    parts += _waiting(stream.flow, view.live, viewing.now)
    if not viewing.rendering:
        parts.append(("rendering off", "accent"))
    if not bad:
        parts += invalid
    return _joined(parts, width, look)


def _drawing(view: ViewAnswer, viewing: Viewing) -> list[tuple[str, str]]:
    parts = [(f"view {viewing.ledger.words}", "normal")]
    if view.live and viewing.player.following:
        credits = viewing.live.credits
        starved = " STARVED" if credits.starved else ""
        parts.append((f"credits {credits.available}/{credits.initial}{starved}", "warn" if starved else "normal"))
    return parts


def _waiting(flow: StreamFlow, live: bool, now: float) -> list[tuple[str, str]]:
    if not live and not flow.backlog:
        return [("all sealed", "normal")]
    style = "warn" if flow.waiting >= BEHIND else "normal"
    parts = [(f"backlog {words.count(flow.backlog)}", style)]
    return [*parts, (f"lag {_lag(flow, now)}", style)]


def _lag(flow: StreamFlow, now: float) -> str:
    """The age of the oldest row that is not sealed."""
    return words.span(now - flow.oldest_us / 1e6) if flow.oldest_us else "0s"


def _joined(parts: list[tuple[str, str]], width: int, look: Look) -> Line:
    """As many parts as fit."""
    dot, line, room = f" {look.glyph('dot')} ", [(" ", "normal")], width - 1
    for at, (text, style) in enumerate(parts):
        joint = dot if at else ""
        if len(joint) + len(text) > room:
            break
        room -= len(joint) + len(text)
        line += [(joint, "dim"), (text, style)] if joint else [(text, style)]
    return tuple(line)


def diagnosis(view: ViewAnswer, viewing: Viewing) -> tuple[str, str]:
    """What the counters say now, and the likely cause, with its style; '' where there is nothing to say."""
    if not view.streams:
        return "", "normal"
    stream = view.streams[view.stream]
    if not stream.ledger.balanced:
        return "the counts do not add up: `cornerman verify` says where", "bad"
    if name := worst(stream.ledger):
        cause = cause_of(name)
        where = "" if viewing.rendering else "rendering is off, so it is the store: "
        return f"DATA LOST: {where}{cause.means}" + (f"; {cause.remedy}" if cause.remedy else ""), "bad"
    if stream.flow.waiting >= BEHIND:
        return f"the sealer is behind: {stream.flow.waiting} segments wait in the journal; nothing is lost", "warn"
    name = likely(viewing.ledger.by_cause())
    if not name:
        return "", "normal"
    return f"nothing is lost, all is stored; not drawn: {VIEW_CAUSES.get(name, name)}", "dim"


def likely(skipped: dict[str, int]) -> str:
    """The cause worth naming: where rows were decoded in vain, that says more than that more come than are drawn."""
    total = sum(skipped.values())
    told = (cause for cause in (BYTE_BUDGET, STARVED, QUEUE_FULL) if skipped.get(cause, 0) * 20 > total)
    return next(told, next(iter(skipped), ""))


def panel(view: ViewAnswer, viewing: Viewing, width: int, look: Look) -> list[Line]:
    """The writer, the loss ledger and the view ledger."""
    if not view.streams:
        return []
    stream = view.streams[view.stream]
    rows = [*_writer(stream, viewing.now, width), ()]
    rows += [*_losses(stream.ledger, width, look), ()]
    return rows + _not_drawn(view, viewing, width, look)


def _pair(name: str, value: str, width: int, style: str = "normal") -> Line:
    return ((words.fit(name, 15) + " ", "head"), (words.fit(value, max(0, width - 16)).rstrip(), style))


def _writer(stream: StreamSummary, now: float, width: int) -> list[Line]:
    flow = stream.flow
    pace = "-" if flow.sealed_per_second is None else f"{words.count(round(flow.sealed_per_second))} rows/s"
    behind = "warn" if flow.waiting >= BEHIND else "normal"
    return [
        _pair("written", f"{words.count(round(flow.rows_per_second))} rows/s", width),
        _pair("", f"{words.number(flow.chunks_per_second, 4)} chunks/s", width),
        _pair("", f"{words.size(flow.bytes_per_second)}/s packed", width),
        _pair("sealer", f"{pace} now", width),
        _pair("queue", f"{flow.waiting} full segments", width, behind),
        _pair("backlog", f"{flow.backlog:,} rows, durable", width, behind),
        _pair("disk lag", f"{_lag(flow, now)}, the oldest", width, behind),
        _pair("invalid", f"{flow.mismatches:,} steps", width, "warn" if flow.mismatches else "normal"),
    ]


def _losses(ledger: LedgerRow, width: int, look: Look) -> list[Line]:
    gone = lost(ledger)
    rows = [rule("loss ledger", width, look, f"{words.count(gone)} LOST" if gone else "none lost")]
    rows += [
        _pair("received", f"{ledger.received:,}", width),
        _pair("stored", f"{ledger.stored:,}", width),
        _pair("in the journal", f"{ledger.open:,}", width),
    ]
    for name, number in counts(ledger).items():
        cause = cause_of(name)
        text = f"{number:,} LOST" if cause.lost else f"{number:,}, not lost"
        rows.append(_pair(cause.label, text, width, "bad" if cause.lost else "normal"))
    if not ledger.balanced:
        rows.append(_pair("DOES NOT ADD UP", "`cornerman verify` says where", width, "bad"))
    return rows


def _not_drawn(view: ViewAnswer, viewing: Viewing, width: int, look: Look) -> list[Line]:
    """Everything in it is stored."""
    ledger, live = viewing.ledger, viewing.live
    rows = [rule("view ledger", width, look, "nothing lost")]
    rows.append(_pair("drawn", f"{ledger.drawn:,}, {ledger.words}", width))
    for cause, number in ledger.by_cause().items():
        rows.append(_pair(cause, f"{number:,}", width))
    if view.live:
        state = "STARVED" if live.credits.starved else "flowing" if live.credits.viewed else "no view"
        rows.append(_pair("credits", f"{live.credits.available} of {live.credits.initial}, {state}", width))
    rows.append(_pair("at most", f"{live.rate:g}/s, 1 row in {live.every}", width))
    rows.append(_pair("rendering", "on" if viewing.rendering else "off: no frame is decoded", width))
    return rows
