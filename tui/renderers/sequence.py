"""Sequences: one line an item with its ordinal, the newest last; where they do not all fit, the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._cells import BOLD, DEFAULT, DIM, PLAIN, Canvas, Cells, Row, columns, crop, merged, message, visible

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Sequence

_COLUMN = 11


def draw(frame: Sequence, canvas: Canvas) -> Cells:
    """Caption, names of the numbers, then the items; a line says how many earlier ones are not shown."""
    if canvas.width < 1 or canvas.height < 1 or not frame.items:
        return message(canvas, visible(frame.caption, canvas.ascii), "An empty sequence.")
    last = frame.first + len(frame.items) - 1
    margin = len(str(last)) + 2
    above: list[Row] = []
    if frame.caption:
        above.append(_dim(visible(frame.caption, canvas.ascii), canvas))
    if frame.names:
        names = "".join(crop(visible(name, canvas.ascii), _COLUMN - 1).rjust(_COLUMN) for name in frame.names[:99])
        above.append(_dim(" " * margin + names, canvas))
    above = above[: max(0, canvas.height - 2)]
    room = canvas.height - len(above)
    hidden = max(0, len(frame.items) - room)
    if hidden:
        hidden = min(hidden + 1, len(frame.items))
        above.append(_dim(f"{hidden} earlier items", canvas))
    shown = range(hidden, len(frame.items)) if room > 1 or not hidden else range(0)
    rows = [*above, *(_item(frame, number, margin, number == len(frame.items) - 1, canvas) for number in shown)]
    return Cells(max(map(columns, rows)), tuple(rows))


def _dim(text: str, canvas: Canvas) -> Row:
    return ((crop(text, canvas.width), DEFAULT, DEFAULT, DIM),)


def _item(frame: Sequence, number: int, margin: int, newest: bool, canvas: Canvas) -> Row:
    label = crop(str(frame.first + number).rjust(margin - 2) + "  ", canvas.width)
    text = crop(_text(frame.items[number], canvas), canvas.width - len(label))
    return merged([(label, DEFAULT, DEFAULT, DIM), (text, DEFAULT, DEFAULT, BOLD if newest else PLAIN)])


def _text(item: str | float | tuple[float, ...], canvas: Canvas) -> str:
    if isinstance(item, str):
        return visible(item[:4096], canvas.ascii)
    if isinstance(item, tuple):
        return "".join(f"{value:.4g}".rjust(_COLUMN) for value in item[:99])
    return f"{item:.6g}"
