"""How log records look in a list: columns, severities, times, what a filter is. Pure functions.

A record is shown, never obeyed: control characters, escape sequences and bidi overrides become signs before a width is
measured, and no markup is read. Severity is a letter, a sign and a colour.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from time import localtime, strftime
from typing import TYPE_CHECKING, NamedTuple

from . import words
from .renderers._cells import text_width, visible
from .widgets.lines import Line

if TYPE_CHECKING:
    from cornerman.core.logs import LogFilter, Term
    from cornerman.core.payloads.log_record_v1 import LogRecordV1

    from .look import Look

STYLES = {"DEBUG": "dim", "INFO": "info", "WARNING": "warn", "ERROR": "bad"}
LONGEST = 2_000
"""Characters of a message or a value that are looked at for one row: lines of a hundred megabytes exist."""
_OUTPUTS = {"stdout": "out", "stderr": "err"}
_SOURCES = {"emitted": "own", "known": "wkr", "other": "raw"}


class Layout(NamedTuple):
    """The columns of a list and their widths; 0 where one is left out."""

    time: int
    component: int
    code: int
    run: int
    source: int
    text: int


def layout(width: int, runs: bool, codes: bool) -> Layout:
    """What fits: the message always has at least a third of the room."""
    wide, medium = width >= 110, width >= 84
    time = 12 if medium else 8
    component = 22 if wide else 16 if medium else 13 if width >= 60 else 9 if width >= 44 else 0
    code = 7 if codes and width >= 60 else 0
    run = 8 if runs and width >= 100 else 0
    source = 3 if medium else 0
    used = 2 + time + 1 + 3 + 1 + sum(each + 1 for each in (component, code, run, source) if each) + 1
    return Layout(time, component, code, run, source, max(1, width - used))


_STACKED = re.compile(r"([\u0300-\u036f\u0483-\u0489\u0610-\u061a\u064b-\u065f\u20d0-\u20ff\ufe20-\ufe2f]{2})"
                      r"[\u0300-\u036f\u0483-\u0489\u0610-\u061a\u064b-\u065f\u20d0-\u20ff\ufe20-\ufe2f]+")  # fmt: skip
"""Marks on one letter, piled up until they cover the rows above."""


def shown(text: str) -> str:
    """What of a record goes to the screen: nothing that a terminal obeys, and nothing that covers other rows."""
    return visible(text) if text.isascii() else _STACKED.sub(r"\1", visible(text))


def severity(level: str, look: Look) -> tuple[str, str]:
    """Letter and sign, and the style."""
    return f"{level[0]} {look.glyph(level)}", STYLES[level]


def row(
    record: LogRecordV1, columns: Layout, look: Look, *,
    day_before: str = "", cursor: bool = False, marked: bool = False, needles: tuple[str, ...] = (), bar: str = " ",
) -> Line:  # fmt: skip
    """One record on one line. `day_before` is the day of the record above: where it changes the date is shown."""
    over = "|cursor" if cursor else ""
    level = STYLES[record.level]
    day, clock = moment(record.time_us)
    time = clock[: columns.time] if day == day_before else f"{day[5:]} {clock[:5]}"[-columns.time :]
    if day != day_before and columns.time < 11:
        time = day[5:].center(columns.time)
    sign, style = severity(record.level, look)
    cells: list[tuple[str, str]] = [
        (look.glyph("mark") if cursor else " ", "accent"),
        (look.glyph("bookmark") if marked else " ", "key"),
        (words.fit(time, columns.time), "head" if day != day_before else "dim"),
        (" ", "normal"), (sign, style), (" ", "normal"),
    ]  # fmt: skip
    if columns.component:
        name = words.fit(shown(component_of(record)), columns.component)
        cells.append((name + " ", "dim" if record.level == "DEBUG" else "normal"))
    if columns.code:
        cells.append((words.fit(shown(record.code[:40]), columns.code) + " ", "key" if record.code else "dim"))
    cells += _text(record, columns.text, "normal" if record.level == "INFO" else level, needles, look)
    if columns.run:
        cells.append((" " + words.fit(shown(record.run_id[:40]), columns.run), "dim"))
    if columns.source:
        cells.append((" " + origin(record), "dim"))
    return (*((text, style + over) for text, style in cells), (bar, "dim"))


def component_of(record: LogRecordV1) -> str:
    name = record.component[:80]
    return f"{name}/{record.subcomponent[:80]}" if record.subcomponent else name


def origin(record: LogRecordV1) -> str:
    """Where the line came from: an output of a worker, or ours, in three letters."""
    return _OUTPUTS.get(record.output) or _SOURCES[record.source]


def _text(record: LogRecordV1, width: int, style: str, needles: tuple[str, ...], look: Look) -> list[tuple[str, str]]:
    """Message and fields in exactly so many columns, hits marked."""
    times = f" {look.glyph('times')}{record.repeats:,}" if record.repeats > 1 else ""
    flags = "".join(f" [{shown(flag)}]" for flag in record.flags if flag not in ("inferred", "progress"))
    message = shown(record.message[:LONGEST]) + times
    rest = flags + "".join(f" {shown(str(key)[:80])}={short(value)}" for key, value in record.fields.items())
    whole = words.fit(message + rest, width)
    cut = len(message)
    runs = [(whole[:cut], style)] + ([(whole[cut:], "dim")] if whole[cut:] else [])
    return highlighted(runs, needles)


def short(value: object) -> str:
    """A value on one line, as much of it as a row can show."""
    if isinstance(value, float):
        return f"{value:.6g}" if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return shown(value[:LONGEST])
    if isinstance(value, Mapping):
        inner = ", ".join(f"{shown(str(key)[:80])}: {short(item)}" for key, item in list(value.items())[:8])
        return "{" + inner + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(short(item) for item in value[:8]) + (", …]" if len(value) > 8 else "]")
    return shown(str(value)[:LONGEST])


def highlighted(runs: Iterable[tuple[str, str]], needles: tuple[str, ...]) -> list[tuple[str, str]]:
    """The runs with every occurrence of a needle, in any case, in a style of its own."""
    made: list[tuple[str, str]] = []
    for text, style in runs:
        made += _split(text, style, needles) if needles else [(text, style)]
    return made


def _split(text: str, style: str, needles: tuple[str, ...]) -> list[tuple[str, str]]:
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is two: where a hit is cannot be told
        return [(text, style)]
    parts: list[tuple[str, str]] = []
    at = 0
    while True:
        found = [(low.index(needle, at), len(needle)) for needle in needles if needle and needle in low[at:]]
        if not found:
            return [*parts, (text[at:], style)] if at < len(text) else parts
        start, length = min(found)
        if start > at:
            parts.append((text[at:start], style))
        parts.append((text[start : start + length], "hit"))
        at = start + length


def moment(time_us: int) -> tuple[str, str]:
    """Day and time of day, local: `2026-11-26`, `12:04:05.123`."""
    seconds, rest = divmod(time_us, 1_000_000)
    day, clock = _second(seconds)
    return day, f"{clock}.{rest // 1000:03}"


@lru_cache(4096)
def _second(seconds: int) -> tuple[str, str]:
    try:
        local = localtime(seconds)
    except (OverflowError, ValueError, OSError):  # a clock that was never set
        return "????-??-??", "??:??:??"
    return strftime("%Y-%m-%d", local), strftime("%H:%M:%S", local)


def at_words(time_us: int, now: float) -> str:
    """A time as short as it is unmistakable: 12:04:05, or with the date where it is not today's."""
    day, clock = moment(time_us)
    today = moment(int(now * 1e6))[0]
    return clock[:8] if day == today else f"{day[5:]} {clock[:5]}"


def scroll_bar(height: int, first: int, total: int | None, look: Look) -> str:
    """A sign for each row: where in all records the ones on the screen are."""
    if total is None or total <= height or height < 1:
        return " " * height
    size = max(1, height * height // total)
    top = min(height - size, round((height - size) * first / max(1, total - height)))
    return "".join(look.glyph("thumb" if top <= y < top + size else "bar") for y in range(height))


# ---- what a filter is ----


def chip(term: Term) -> str:
    """A term as it is written, what could not be shown made visible."""
    return shown(str(term)[:80])


def chips(chosen: LogFilter, name: str, width: int, look: Look) -> Line:
    """The active filter, term by term; what does not fit is counted."""
    if not chosen:
        return ((words.fit(" no filter: / types one, tab chooses by counts, 1-4 least severity", width), "dim"),)
    cells: list[tuple[str, str]] = [(f" {shown(name)[:20]}: " if name else " filter ", "head")]
    room = width - len(cells[0][0]) - 4
    for at, term in enumerate(chosen.terms):
        text = f"[{chip(term)}]"
        size = text_width(text)
        if size + 1 > room:
            cells.append((f"+{len(chosen.terms) - at}", "warn"))
            break
        cells += [(text, "bad" if term.exclude else "key"), (" ", "normal")]
        room -= size + 1
    return tuple(cells)


def needles_of(*filters: LogFilter | None) -> tuple[str, ...]:
    """The texts that are looked for, as they are marked in a row."""
    return tuple(term.value.lower() for each in filters if each is not None for term in each.of("text"))
