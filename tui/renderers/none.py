"""Nothing to show, and why: what to pass to `record()` so that there will be."""

from __future__ import annotations

from ._cells import Canvas, Cells, message


def draw(frame: object, canvas: Canvas) -> Cells:
    """The reason from whoever knows it, else what to do."""
    if canvas.hint:
        return message(canvas, *canvas.hint.split("\n"))
    return message(
        canvas,
        "No frame here.",
        'Pass frames="auto" (or "every=10") to cornerman.record() to keep pictures; the numbers are all recorded.',
    )
