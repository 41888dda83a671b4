"""The severity timeline: how many records were written when, and how serious they were, on one line or a few.

Its height says how many (by the square root, so that little beside much is seen), its letters how serious: E and W
stand under their span also where there are no colours, so that one error among a million lines is not lost.
"""

from __future__ import annotations

import math
from time import localtime, strftime
from typing import TYPE_CHECKING

from .widgets.lines import Line

if TYPE_CHECKING:
    from cornerman.core.logs import Span, Timeline

    from .look import Look

LABEL = 8
"""Columns of the time at each end."""
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000


def spans_for(width: int) -> int:
    """How many columns of a timeline there is room for."""
    return max(8, width - 2 * LABEL - 2)


def lines(timeline: Timeline | None, cursor_us: int | None, width: int, height: int, look: Look) -> list[Line]:
    """Bars above letters. The cursor's span is marked; the ends say their times."""
    if timeline is None or not timeline.spans:
        return [(("", "dim"),)] * height
    spans = timeline.spans
    here = span_at(timeline, cursor_us)
    left, right = _labels(spans[0].begins_us, spans[-1].ends_us)
    bars = _bars(spans, max(1, height - 1), look)
    rows: list[Line] = []
    for y, bar in enumerate(bars):
        last = y == len(bars) - 1
        edge = left if last else " " * LABEL
        styled = [(sign, _style(span)) for sign, span in zip(bar, spans, strict=True)]
        rows.append(((edge + " ", "dim"), *_merged(styled), (" " + (right if last else ""), "dim")))
    letters = [_letter(span, at == here, look) for at, span in enumerate(spans)]
    rows.append(((" " * (LABEL + 1), "dim"), *_merged(letters), (" ", "dim")))
    return rows[-height:]


def span_at(timeline: Timeline, time_us: int | None) -> int | None:
    """Which span a time is in; those beyond an end belong to it."""
    if time_us is None or not timeline.spans:
        return None
    for at, span in enumerate(timeline.spans):
        if time_us < span.ends_us:
            return at
    return len(timeline.spans) - 1


def beside(timeline: Timeline, time_us: int, by: int) -> Span | None:
    """The next span with records after the one of this time, or before it."""
    at = span_at(timeline, time_us)
    if at is None:
        return None
    others = timeline.spans[at + 1 :] if by > 0 else reversed(timeline.spans[:at])
    return next((span for span in others if any(span.counts.values())), None)


def _labels(begins_us: int, ends_us: int) -> tuple[str, str]:
    length = ends_us - begins_us
    form = "%H:%M:%S" if length < HOUR_US else "%H:%M" if length < 1.5 * DAY_US else "%m-%d"
    return _label(begins_us, form).rjust(LABEL), _label(ends_us, form).ljust(LABEL)


def _label(time_us: int, form: str) -> str:
    try:
        return strftime(form, localtime(time_us // 1_000_000))
    except (OverflowError, ValueError, OSError):
        return "?"


def _bars(spans: tuple[Span, ...], height: int, look: Look) -> list[str]:
    sums = [sum(span.counts.values()) for span in spans]
    most = math.sqrt(max(sums, default=0)) or 1
    levels = [0 if not each else 1 + round((8 * height - 1) * math.sqrt(each) / most) for each in sums]
    blocks = look.blocks
    return ["".join(blocks[max(0, min(8, level - 8 * y))] for level in levels) for y in reversed(range(height))]


def _style(span: Span) -> str:
    return "bad" if span.counts.get("ERROR") else "warn" if span.counts.get("WARNING") else "curve"


def _letter(span: Span, here: bool, look: Look) -> tuple[str, str]:
    letter, style = " ", "dim"
    if span.counts.get("ERROR"):
        letter, style = "E", "bad"
    elif span.counts.get("WARNING"):
        letter, style = "W", "warn"
    if here:
        return look.glyph("here") if letter == " " else letter, "badge"
    return letter, style


def _merged(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    made: list[tuple[str, str]] = []
    for text, style in cells:
        if made and made[-1][1] == style:
            made[-1] = (made[-1][0] + text, style)
        else:
            made.append((text, style))
    return made
