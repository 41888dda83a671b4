"""What the Logs screen says of itself: where it is among how many, what it does, and what to do where it is empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import words
from .log_view import at_words, moment
from .renderers._cells import visible
from .runs_view import centred, problem
from .widgets.lines import Line

if TYPE_CHECKING:
    from .feed import Problem
    from .log_cursor import LogCursor
    from .look import Look


def header(cursor: LogCursor, store: str, note: str, width: int, look: Look) -> Line:
    """The store; the day of the record and its number among all that the filter shows."""
    left, right = " cornerman ", ""
    answer, entry = cursor.answer, cursor.entry
    if answer is not None:
        shown = words.exact(answer.total) if answer.total is not None else look.glyph("more")
        of = f", {words.exact(answer.records)} in all" if cursor.chosen else ""
        place = f"{answer.rank + cursor.index + 1:,} of " if answer.rank is not None and entry is not None else ""
        day = f"{moment(entry.record.time_us)[0]} {look.glyph('dot')} " if entry is not None else ""
        right = f" {day}{place}{shown}{of} "
    room = max(0, width - len(left) - len(right))
    said = f" logs {look.glyph('dot')} {note or store}"
    return ((left, "badge"), (words.fit(said, room), "warn" if note else "dim"), (right, "title"))


def damage(cursor: LogCursor) -> str:
    """What of the records cannot be read, and who says which."""
    found = words.damaged(cursor.answer.damaged) if cursor.answer is not None else ""
    return f"{found}: cornerman verify" if found else ""


def status(cursor: LogCursor, value: tuple[str, str] | None, said: str, width: int, look: Look) -> Line:
    """Following or not, the value that + - and = take, and what is going on."""
    newer = cursor.newer
    if cursor.following:
        mode, style = f" {look.glyph('follow')} FOLLOW ", "good"
    else:
        behind = f" {words.count(newer)} newer" if newer else ""
        mode, style = f" {look.glyph('pause')} PAUSED{behind} ", "warn"
    if len(mode) + 1 + len(said) > width:
        mode = mode[:3]
    cells: list[tuple[str, str]] = [(mode, style)]
    room = width - len(mode)
    if said:
        cells.append((ended(f" {said}", room), "accent"))
    elif value is not None:
        name = f"{value[0]}:{visible(value[1][:60])}"
        cells += [(" = + - ", "key"), (words.fit(name, room - 7), "normal")]
    return tuple(cells)


def ended(said: str, width: int) -> str:
    """What is said in exactly so many columns; of a path at its end the end is kept."""
    head, colon, path = said.partition(": /")
    room = width - len(head) - 3
    if len(said) <= width or not colon or room < 12:
        return words.fit(said, width)
    return words.fit(f"{head}: …{('/' + path)[1 - room :]}", width)


def searching(cursor: LogCursor, now: float) -> str:
    """How far the list itself has been searched, where its filter takes looking at records."""
    answer = cursor.answer
    if answer is None or answer.progress is None:
        return ""
    progress = answer.progress
    far = f"{words.count(progress.searched)} of {words.count(progress.total)}"
    verb = "stopped at" if answer.stopped else "searched back to"
    end = "" if answer.stopped else "; esc stops"
    return f"{len(answer.entries):,} found, {verb} {at_words(progress.back_to_us, now)}, {far}{end}"


def instead(cursor: LogCursor, found: Problem | None, store: str, width: int, height: int, look: Look) -> list[Line]:
    """What stands where there is no record: empty, hidden, locked and unreadable each say so, and what to do."""
    if found is not None and found.name != "StoreNotFound":
        return problem(*found, store, width, height, look)
    answer = cursor.answer
    if answer is None and found is None:
        return centred([((f"Opening the logs of {store}", "dim"),)], width, height)
    if answer is not None and answer.progress is not None:
        verb = "Stopped" if answer.stopped else "Searching"
        return centred([((f"{verb}: nothing found so far.", "normal"),)], width, height)
    if answer is not None and answer.records:
        hidden: list[Line] = [
            ((f"None of {answer.records:,} records is shown by this filter.", "title"),),
            (),
            (("0 drops the filter, backspace its last term, u goes back to the one before", "key"),),
        ]
        return centred(hidden, width, height)
    lines: list[Line] = [
        (("No log record is stored here yet.", "title"),),
        ((f"Store: {store}", "dim"),),
        (),
        (("Run your training under Cornerman; what it prints is kept:", "normal"),),
        (("    cornerman run -- python train.py", "key"),),
        (),
        (("Or bring in the files that you have:", "normal"),),
        (("    cornerman import-logs train.log", "key"),),
        (),
        (("Records appear here by themselves.", "dim"),),
    ]
    return centred(lines, width, height)
