"""How the list of runs looks: columns, rows, the selected run in detail, what an empty list says. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from cornerman.core.ledger_words import cause_of, lost

from . import words
from .look import Look
from .widgets.lines import Line, rule

if TYPE_CHECKING:
    from cornerman.core.alerts import Alert
    from cornerman.core.records import RunState, RunSummary

STATE_STYLES = {"live": "good", "stale": "warn", "done": "info", "failed": "bad", "interrupted": "bad"}
STATE_WORDS = {"live": "LIVE", "stale": "STALE", "done": "DONE", "failed": "FAILED", "interrupted": "INTERRUPTED"}
STATE_MEANINGS = {
    "live": "its process records",
    "stale": "its process lives, but no step came for a while",
    "done": "closed by its script",
    "failed": "its program ended with a failure",
    "interrupted": "its process died; all acknowledged steps are here",
}


class Column(NamedTuple):
    """A column: what it is called, how wide, who gives way first, what is sorted by, and its cell."""

    name: str
    width: int
    rank: int
    """Columns of a high rank are left out first where the screen is narrow."""
    right: bool
    sort: Callable[[RunSummary], Any]
    cell: Callable[[RunSummary, int, Look], tuple[str, str]]


def state_cell(state: RunState, look: Look, width: int = 8) -> tuple[str, str]:
    """Sign and word, in `width` columns or as many as they need; the first letter is enough to tell them apart."""
    text = f"{look.glyph(state)} {STATE_WORDS[state]}"
    return words.fit(text, width, more=".") if width else text, STATE_STYLES[state]


def environments(run: RunSummary) -> str:
    if not run.env_ids:
        return "-"
    return run.env_ids[0] if len(run.env_ids) == 1 else f"{run.env_ids[0]} +{len(run.env_ids) - 1}"


def ledger_cell(run: RunSummary, width: int, look: Look) -> tuple[str, str]:
    """ok, or how many were lost; a ledger that does not add up is an alarm of its own."""
    ledger = run.ledger
    if not ledger.balanced:
        return "UNEVEN", "bad"
    if gone := lost(ledger):
        return f"-{words.count(gone)}", "bad"
    if aside := ledger.quarantined + ledger.duplicate:
        return f"ok {words.count(aside)}q", "warn"
    return "ok", "good"


def _job_cell(run: RunSummary, width: int, look: Look) -> tuple[str, str]:
    """The job, and how many alerts there are; their words stand with the selected run."""
    badge = f" {look.glyph('warn')}{len(run.alerts)}" if run.alerts else ""
    name = words.fit(safe(run.job), max(0, width - len(badge))).rstrip() if badge else safe(run.job)
    return name + badge, "title"


def _return_cell(run: RunSummary, width: int, look: Look) -> tuple[str, str]:
    return words.number(run.last_return, width), "normal" if run.last_return is not None else "dim"


def _curve_cell(run: RunSummary, width: int, look: Look) -> tuple[str, str]:
    return words.curve(run.returns, width, look)[0], "curve"


def _steps_cell(run: RunSummary, width: int, look: Look) -> tuple[str, str]:
    return words.count(run.transition_count), "normal"


def _length_cell(run: RunSummary, width: int, look: Look) -> tuple[str, str]:
    return words.number(run.mean_length, width), "normal"


def _rate(run: RunSummary) -> tuple[str, str]:
    return (words.count(round(run.steps_per_second)), "normal" if run.state == "live" else "dim")


_STATES = ("done", "failed", "interrupted", "stale", "live")
"""In the order of sorting, reversed: what lives comes first, the newest before all."""

COLUMNS: tuple[Column, ...] = (
    Column("state", 6, 0, False, lambda r: (_STATES.index(r.state), r.started_us),
           lambda r, w, k: state_cell(r.state, k, w)),
    Column("job", 10, 0, False, lambda r: r.job, lambda r, w, k: _job_cell(r, w, k)),
    Column("run", 8, 7, False, lambda r: r.run_id, lambda r, w, k: ("", "dim")),
    Column("environment", 11, 1, False, environments, lambda r, w, k: (environments(r), "normal")),
    Column("steps", 6, 1, True, lambda r: r.transition_count, _steps_cell),
    Column("/s", 5, 2, True, lambda r: r.steps_per_second, lambda r, w, k: _rate(r)),
    Column("returns", 9, 3, False, lambda r: words.trend(r.returns), _curve_cell),
    Column("last", 6, 2, True, lambda r: _or_least(r.last_return), _return_cell),
    Column("len", 5, 5, True, lambda r: _or_least(r.mean_length), _length_cell),
    Column("episodes", 8, 8, True, lambda r: r.episode_count, lambda r, w, k: (words.count(r.episode_count), "normal")),
    Column("disk", 6, 4, True, lambda r: r.bytes, lambda r, w, k: (words.size(r.bytes), "normal")),
    Column("in 24h", 6, 9, True, lambda r: r.bytes_per_hour or 0,
           lambda r, w, k: ("+" + words.size(r.bytes_per_hour * 24) if r.bytes_per_hour else "-", "dim")),
    Column("ledger", 6, 3, False, lambda r: (r.ledger.balanced, -lost(r.ledger)), ledger_cell),
    Column("begun", 5, 6, True, lambda r: r.started_us, lambda r, w, k: ("", "dim")),
)  # fmt: skip


def _or_least(value: float | None) -> float:
    return float("-inf") if value is None else value


SPARED = 5
"""Columns of this rank and beyond give way before a name is cut."""


def columns_for(width: int, runs: Sequence[RunSummary] = (), short_ids: Iterable[str] = ()) -> list[Column]:
    """As many columns as fit, the least important left out; what is left over widens names, then the curve."""
    states = max((len(STATE_WORDS[run.state]) + 2 for run in runs), default=6)
    fixed = {"state": states if width >= 100 else min(8, states), "run": max(map(len, short_ids), default=8)}
    chosen = [column._replace(width=fixed.get(column.name, column.width)) for column in COLUMNS]
    names = {
        "job": max((len(run.job) + 3 * bool(run.alerts) for run in runs), default=0),
        "environment": max((len(environments(run)) for run in runs), default=0),
    }
    missing = sum(max(0, min(16, names.get(column.name, 0)) - column.width) for column in chosen)
    while len(chosen) > 2:
        least = max(chosen, key=lambda column: column.rank)
        if _room(chosen) + (missing if least.rank >= SPARED else 0) <= width:
            break
        chosen.remove(least)
    spare = width - _room(chosen)
    for at, column in enumerate(chosen):
        more = max(0, min(spare, {**names, "returns": 50}.get(column.name, 0) - column.width))
        chosen[at], spare = column._replace(width=column.width + more), spare - more
    return chosen


def _room(columns: Sequence[Column]) -> int:
    return sum(column.width + 1 for column in columns)


def head(columns: Sequence[Column], sort: str, reverse: bool, look: Look) -> Line:
    """The names of the columns, the sorted one marked."""
    runs: list[tuple[str, str]] = []
    for column in columns:
        mark = look.glyph("sorted" if reverse else "up") if column.name == sort else ""
        runs.append((words.fit(column.name + mark, column.width, column.right) + " ", "key" if mark else "head"))
    return tuple(runs)


def row(run: RunSummary, short: str, columns: Sequence[Column], look: Look, now: float, under_cursor: bool) -> Line:
    """One run; `short` is what can be typed for its id."""
    over = "|cursor" if under_cursor else ""
    runs: list[tuple[str, str]] = []
    for column in columns:
        text, style = column.cell(run, column.width, look)
        if column.name == "run":
            text = short
        if column.name == "begun":
            text = words.span(now - run.started_us / 1e6)
        runs.append((words.fit(text, column.width, column.right) + " ", style + over))
    return tuple(runs)


def header(path: str, runs: Sequence[RunSummary], shown: int, said: str, width: int, look: Look) -> Line:
    """The store, and what is in it all together; every number is the store's own count."""
    live = sum(run.state == "live" for run in runs)
    parts = [f"{len(runs)} run{'s' if len(runs) != 1 else ''}"]
    if shown != len(runs):
        parts.insert(0, f"{shown} shown of")
    if live:
        parts.append(f"{live} live")
    parts += [f"{words.count(sum(r.transition_count for r in runs))} steps", words.size(sum(r.bytes for r in runs))]
    right = f" {look.glyph('dot')} ".join(parts).replace(f"of {look.glyph('dot')} ", "of ") + " "
    if said:
        right = said + " "
    left = " cornerman "
    room = width - len(left) - len(right)
    return ((left, "badge"), (words.fit(" " + path, room), "dim"), (right, "warn" if said else "normal"))


def matches(run: RunSummary, wanted: str) -> bool:
    """Whether every word is found in state, job, id, environments or host of a run."""
    text = " ".join(
        (STATE_WORDS[run.state], run.state, run.job, run.run_id, *run.env_ids, str(run.provenance.get("host", "")))
    )
    return all(word in text.lower() for word in wanted.lower().split())


def detail(run: RunSummary | None, width: int, height: int, look: Look, now: float) -> list[Line]:
    """The selected run: a heading, words on the left, its learning curve on the right."""
    if run is None or height < 2:
        return []
    left = max(34, width // 2)
    rows = [rule(f"{safe(run.job)} {look.glyph('dot')} {run.run_id}", width, look, _episodes(run))]
    facts = _facts(run, left - 1, look, now)[: height - 1]
    graph = _graph(run, width - left, height - 1, look)
    for at in range(height - 1):
        fact: Line = facts[at] if at < len(facts) else ()
        used = sum(len(text) for text, _ in fact)
        curve = graph[at] if at < len(graph) else ()
        rows.append((*fact, (" " * max(0, left - used), "normal"), *curve))
    return rows


def _episodes(run: RunSummary) -> str:
    return f"{words.exact(run.episode_count)} episode{'s' if run.episode_count != 1 else ''}"


def _facts(run: RunSummary, width: int, look: Look, now: float) -> list[Line]:
    state, style = state_cell(run.state, look, 0)
    since = f", last step {words.span(now - run.last_us / 1e6)} ago" if run.last_us else ""
    meaning = words.fit(_meaning(run) + since, max(0, width - len(state) - 3)).rstrip()
    rows: list[Line] = [((f" {state}  ", style), (meaning, "normal"))]
    rows.append(_ledger_words(run, width, look))
    rows += [_alert_line(alert, width, look) for alert in run.alerts]
    rows += [((words.fit(f" {look.glyph('warn')} {safe(note)}", width), "warn"),) for note in run.notes]
    disk = f"disk {words.size(run.bytes)}"
    if run.bytes_per_hour:
        disk += f", at this pace +{words.size(run.bytes_per_hour * 24)} a day"
    rows.append(((words.fit(" " + disk, width), "normal"),))
    rows += [((words.fit(" " + safe(text), width), "dim"),) for text in _origins(run, now)]
    return rows


def _meaning(run: RunSummary) -> str:
    """Why it is in its state: how its command ended, where that was seen; a process that exited did not die."""
    seen = run.command.ended if run.command is not None and run.state in ("done", "failed", "interrupted") else ""
    return safe(seen) or STATE_MEANINGS[run.state]


def _alert_line(alert: Alert, width: int, look: Look) -> Line:
    text = f" {look.glyph('warn')} {alert.level[0]} {alert.rule}: {alert.detail} {alert.code}"
    return ((words.fit(text, width), "bad" if alert.level == "ERROR" else "warn"),)


def _origins(run: RunSummary, now: float) -> Iterator[str]:
    """Where it comes from: what was typed, when and where it began, and of which state of the code."""
    known = run.provenance
    if command := known.get("command"):
        program, _, rest = (command if isinstance(command, str) else " ".join(map(str, command))).partition(" ")
        yield f"$ {program.rpartition('/')[2]} {rest}"
    where = f" on {known['host']}" if known.get("host") else ""
    process = f", process {known['pid']}" if known.get("pid") else ""
    yield f"begun {words.span(now - run.started_us / 1e6)} ago{where}{process}"
    if isinstance(git := known.get("git"), dict) and git.get("commit"):
        yield f"git {str(git['commit'])[:12]} {git.get('branch') or ''}"


LARGEST_DETAIL = 16


def detail_height(rows: int, shown: int, large: bool) -> int:
    """Rows of the selected run's part: what a short list leaves, so that its curve can be read."""
    return max(9 if large else 6, min(LARGEST_DETAIL, rows - 5 - shown) if shown else 0)


def safe(text: str) -> str:
    """Text from elsewhere, on one line and without control characters."""
    from .renderers._cells import visible

    return visible(" ".join(text.split()))


def _ledger_words(run: RunSummary, width: int, look: Look) -> Line:
    ledger = run.ledger
    if not ledger.balanced:
        text = f"ledger does not add up: {words.exact(ledger.received)} received; `cornerman verify` says more"
        return ((words.fit(" " + text, width), "bad"),)
    if gone := lost(ledger):
        dropped = {name: number for name, number in ledger.dropped.items() if number}
        causes = ", ".join(f"{cause_of(name).label} {words.exact(number)}" for name, number in dropped.items())
        return ((words.fit(f" ledger: {words.exact(gone)} lost ({causes})", width), "bad"),)
    received, stored, under_way = map(words.exact, (ledger.received, ledger.stored, ledger.open))
    text = f" ledger ok: {received} received = {stored} stored + {under_way} open"
    aside = ledger.sampled + ledger.quarantined + ledger.duplicate
    if aside:
        text += f" + {words.exact(aside)} aside"
    if len(text) > width:
        received, stored, under_way = map(words.count, (ledger.received, ledger.stored, ledger.open))
        text = f" ledger ok: {received} = {stored} stored + {under_way} open"
    return ((words.fit(text, width), "good"),)


def _graph(run: RunSummary, width: int, height: int, look: Look) -> list[Line]:
    """Returns over the whole run, with the range of the axis and the direction of the last third."""
    room = width - 10
    known = [value for value in run.returns if value == value]
    if room < 8 or height < 1:
        return []
    if not known:
        return [(("no episode has ended yet", "dim"),)]
    rows = words.curve(run.returns, room, look, height)
    low, high = words.number(min(known)), words.number(max(known))
    marks = [high, *[""] * (height - 2), low] if height > 1 else [high]
    lines: list[Line] = [
        ((words.fit(mark, 8, True) + " ", "dim"), (text.rstrip(), "curve"))
        for mark, text in zip(marks, rows, strict=False)
    ]
    if height > 2:
        way = words.trend(run.returns)
        label = f"return {look.glyph(way)}" if way else "return"
        lines[1] = ((words.fit(label, 8, True) + " ", "head"), *lines[1][1:])
    return lines


def empty(path: str, width: int, height: int, look: Look) -> list[Line]:
    """What to do where nothing is recorded yet."""
    lines: list[Line] = [
        (("Nothing is recorded here yet.", "title"),),
        ((f"Store: {path}", "dim"),),
        (),
        (("See it work, in ten seconds:", "normal"),),
        (("    cornerman demo", "key"),),
        (),
        (("Record your own training; the loop does not change:", "normal"),),
        (("    import cornerman", "key"),),
        (('    env = cornerman.record(gym.make("CartPole-v1"))', "key"),),
        (),
        (("Or without a script:", "normal"),),
        (("    cornerman record CartPole-v1 --steps 10000", "key"),),
        (),
        (("This list fills by itself as soon as a run begins.", "dim"),),
    ]
    return centred(lines, width, height)


_TITLES = {
    "StoreNotFound": "There is no store here yet.",
    "StoreUnreadable": "This store cannot be read.",
    "StoreTooNew": "This store was written by a newer Cornerman.",
    "StoreLocked": "This store is locked by another program.",
    "StoreReadOnly": "This store can only be read.",
}


def problem(name: str, what: str, remedy: str, path: str, width: int, height: int, look: Look) -> list[Line]:
    """Why there is no list: never an empty one, as if all were well. It is tried again by itself."""
    from .renderers._cells import wrap

    room = max(20, min(width - 4, 72))
    lines: list[Line] = [((f"{look.glyph('warn')} {_TITLES.get(name, 'The store could not be read.')}", "bad"),)]
    lines += [(("Store: " + path, "dim"),), ()]
    lines += [((text, "normal"),) for text in wrap(safe(what), room)]
    lines.append(())
    lines += [((text, "key"),) for text in wrap(safe(remedy), room)]
    lines += [(), (("Trying again every two seconds. q leaves.", "dim"),)]
    return centred(lines, width, height)


def centred(lines: Sequence[Line], width: int, height: int) -> list[Line]:
    """A block of lines in the middle of the area."""
    widest = max((sum(len(text) for text, _ in line) for line in lines), default=0)
    left = " " * max(0, (width - widest) // 2)
    above = max(0, (height - len(lines)) // 2)
    block: list[Line] = [((left, "normal"), *line) if line else () for line in lines[:height]]
    return [()] * above + block
