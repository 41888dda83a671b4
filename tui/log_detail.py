"""One record whole: every field, the extra it came with, its line byte for byte, and the step it belongs to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from . import words
from .log_terms import terms_of
from .log_view import LONGEST, STYLES, highlighted, moment, severity, shown
from .renderers._cells import crop, text_width
from .widgets.lines import Line

if TYPE_CHECKING:
    from cornerman.core.logs import LogEntry

    from .look import Look

NAMED = 12
MOST_LINES = 400


def lines(entry: LogEntry, at: int, width: int, look: Look, needles: tuple[str, ...] = ()) -> list[Line]:
    """What stands in the detail pane; `at` is the field that + - and = take."""
    record = entry.record
    day, clock = moment(record.time_us)
    sign, style = severity(record.level, look)
    head = f"{sign} {record.level}  {day} {clock}  {shown(record.code)}".rstrip()
    made: list[Line] = [((head, style), (f"  record {entry.id:,}", "dim"))]
    made += _text("message", record.message, width, STYLES[record.level] if record.level != "INFO" else "normal",
                  needles)  # fmt: skip
    made += _filters(record, at, width, look)
    place = _place(record)
    if place:
        made.append(_pair("r replays", place, "accent", width))
    if record.repeats > 1:
        made.append(_pair("repeats", f"{record.repeats:,} equal lines, one after the other", "normal", width))
    made += _value("fields", record.fields, width)
    made += _value("extra", record.extra, width)
    made += _raw(record, width, needles)
    return made


def _place(record: Any) -> str:
    parts = [f"stream {shown(record.stream)}" if record.stream else ""]
    parts += [
        f"{name} {number:,}"
        for name, number in (("env", record.env_index), ("episode", record.episode), ("step", record.step))
        if number is not None
    ]
    run = f"run {shown(record.run_id)}" if record.run_id else ""
    return ", ".join(part for part in (run, *parts) if part)


def _filters(record: Any, at: int, width: int, look: Look) -> list[Line]:
    """The values that a filter can be made of, side by side; the chosen one is marked."""
    made: list[Line] = []
    row: list[tuple[str, str]] = [(" " * NAMED, "head")]
    used = NAMED
    for index, (field, value) in enumerate(terms_of(record)):
        text = f"{field}:{shown(value[:60])}"
        mark = look.glyph("mark") if index == at else " "
        size = text_width(text) + 2
        if used + size > width and used > NAMED:
            made.append(tuple(row))
            row, used = [(" " * NAMED, "head")], NAMED
        row += [(mark, "accent"), (text, "key" if index == at else "normal"), (" ", "normal")]
        used += size
    made.append(tuple(row))
    first = made[0]
    made[0] = ((words.fit("filter by", NAMED), "head"), *first[1:])
    return made


def _pair(name: str, value: str, style: str, width: int) -> Line:
    return ((words.fit(name, NAMED), "head"), (words.fit(value, max(0, width - NAMED)).rstrip(), style))


def _text(name: str, text: str, width: int, style: str, needles: tuple[str, ...] = ()) -> list[Line]:
    """Text of several lines, each wrapped; control characters are signs."""
    room = max(8, width - NAMED)
    made: list[Line] = []
    whole = text[: LONGEST * 20]
    for part in whole.split("\n"):
        pieces = _pieces(shown(part), room)
        for piece in pieces:
            label = name if not made else ""
            made.append(((words.fit(label, NAMED), "head"), *highlighted([(piece, style)], needles)))
        if len(made) > MOST_LINES:
            break
    if len(text) > len(whole) or len(made) > MOST_LINES:
        made.append(_pair("", f"{len(text):,} characters; C copies all, w writes them to a file", "dim", width))
    return made[: MOST_LINES + 1]


def _pieces(text: str, width: int) -> list[str]:
    """Text in pieces of so many columns; nothing of it is lost, not even its spaces."""
    if not text:
        return [""]
    if text.isascii():
        return [text[at : at + width] for at in range(0, len(text), width)]
    pieces = []
    while text:
        piece = crop(text, width) or text[:1]
        pieces.append(piece)
        text = text[len(piece) :]
    return pieces


def _value(name: str, value: dict[str, Any], width: int) -> list[Line]:
    if not value:
        return []
    try:
        from cornerman.core.json_values import to_json

        text = json.dumps(to_json(value), indent=2, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return _text(name, text, width, "normal")


def _raw(record: Any, width: int, needles: tuple[str, ...]) -> list[Line]:
    """The line as it came; where it is no UTF-8, its bytes, those that are no letters escaped."""
    if record.raw_bytes:
        return _text("bytes", repr(record.raw_bytes[: LONGEST * 10])[2:-1], width, "dim")
    return _text("raw line", record.raw, width, "dim", needles) if record.raw else []
