"""Text frames, what `render()` gives in mode `ansi`: control characters are shown, never obeyed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._cells import DEFAULT, DIM, PLAIN, Canvas, Cells, Row, crop, message, text_width, visible

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Text

_MOST = 100_000
"""Characters looked at: more than any screen holds, less than would be felt."""


def draw(frame: Text, canvas: Canvas) -> Cells:
    """The first lines, cut at the right edge; a last line says how many more there are."""
    lines = frame.text[:_MOST].split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or canvas.width < 1 or canvas.height < 1:
        return message(canvas, "An empty text frame.")
    shown = lines if len(lines) <= canvas.height else lines[: canvas.height - 1]
    rows: list[Row] = [
        ((crop(visible(line.expandtabs(8), canvas.ascii), canvas.width), DEFAULT, DEFAULT, PLAIN),) for line in shown
    ]
    if len(shown) < len(lines):
        more = f"{len(lines) - len(shown)} more lines"
        rows.append(((crop(more, canvas.width), DEFAULT, DEFAULT, DIM),))
    return Cells(max(text_width(row[0][0]) for row in rows), tuple(rows))
