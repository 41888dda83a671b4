"""Named numbers as bars around zero, for environments that have nothing to show but their state."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from ._cells import DEFAULT, DIM, PLAIN, Canvas, Cells, Row, Run, crop, merged, message, text_width, visible

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Vector

_POSITIVE, _NEGATIVE, _ODD = 0x58B4A0, 0xE08A5B, 0xD05070
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def draw(frame: Vector, canvas: Canvas) -> Cells:
    """A line a number: name, value, bar; the last line states the scale of the bars."""
    if len(frame.names) != len(frame.values):
        return message(canvas, f"{len(frame.names)} names for {len(frame.values)} numbers: this frame is malformed.")
    if not frame.values or canvas.width < 1 or canvas.height < 1:
        return message(canvas, "An empty vector frame.")
    room = max(1, canvas.height - 1)
    shown = list(zip(frame.names, frame.values, strict=True))[:room]
    scale = _scale([abs(value) for _, value in shown if math.isfinite(value)])
    named = [visible(name, canvas.ascii) for name, _ in shown]
    name_width = min(max(text_width(name) for name in named), max(3, canvas.width // 3))
    bar_width = max(0, canvas.width - name_width - 12)
    rows = [
        _line(name, value, name_width, bar_width, scale, canvas) for name, (_, value) in zip(named, shown, strict=True)
    ]
    if len(rows) < canvas.height:
        rows.append(((crop(_caption(scale, len(frame.values) - len(shown)), canvas.width), DEFAULT, DEFAULT, DIM),))
    return Cells(canvas.width, tuple(rows))


def _scale(sizes: list[float]) -> float:
    """The smallest of 1, 2, 5, 10, … that holds the largest number: it rarely changes from frame to frame."""
    largest = max(sizes, default=0.0)
    if largest <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest)) or 5e-324
    return next((factor * power for factor in (1, 2, 5, 10) if factor * power >= largest), largest)


def _caption(scale: float, more: int) -> str:
    return f"bars: -{scale:g} to {scale:g}" + (f", {more} more numbers" if more else "")


def _line(name: str, value: float, name_width: int, bar_width: int, scale: float, canvas: Canvas) -> Row:
    name = crop(name, name_width)
    label = name + " " * (name_width - text_width(name))
    number = f"{value:+.4g}".rjust(10) if math.isfinite(value) else f"{value:+}".rjust(10)
    parts: list[Run] = [(f"{label} {number} "[: canvas.width], DEFAULT, DEFAULT, PLAIN)]
    half = (bar_width - 1) // 2
    if half >= 1:
        parts += _bar(value, half, scale, canvas)
    return merged(parts)


def _bar(value: float, half: int, scale: float, canvas: Canvas) -> list[Run]:
    """Two halves around an axis; a bar that is not a number has no length."""
    axis = "|" if canvas.ascii else "│"
    if math.isnan(value):
        return [(" " * half + axis + " " * half, DEFAULT, DEFAULT, DIM)]
    share = min(1.0, abs(value) / scale)
    colour = DEFAULT if canvas.depth == "none" else _ODD if math.isinf(value) else _POSITIVE if value > 0 else _NEGATIVE
    if value >= 0:
        bar = _right(share * half, canvas.ascii)
        sides = [(" " * half + axis, DEFAULT, DEFAULT, DIM), (bar.ljust(half), colour, DEFAULT, PLAIN)]
    else:
        bar = ("-" if canvas.ascii else "█") * math.ceil(share * half - 0.25)
        sides = [(bar.rjust(half), colour, DEFAULT, PLAIN), (axis + " " * half, DEFAULT, DEFAULT, DIM)]
    return sides


def _right(length: float, ascii_only: bool) -> str:
    """A bar that grows to the right by eighths of a cell."""
    if ascii_only:
        return "+" * math.ceil(length - 0.25)
    whole = int(length)
    return "█" * whole + (_EIGHTHS[int((length - whole) * 8)] if length > whole else "").strip()
