"""A strip of cells that writes its escape text itself.

A photographic picture has a new pair of colours in nearly every cell. A Rich style for each of them is what makes such
pictures slow (86 ms a frame); written directly they cost a tenth. Everything Textual does with strips in general, such
as screenshots, works through segments that are made only when somebody asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from rich.cells import cell_len
from rich.color import Color
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ..renderers._cells import BOLD, DEFAULT, DIM, REVERSE, Depth, Row, Run

_SGR_ATTRIBUTES = ((BOLD, "1"), (DIM, "2"), (REVERSE, "7"))
_SYSTEMS = {"256": 2, "16": 1}


class FrameStrip(Strip):
    """A row of cells on its way to the terminal."""

    __slots__ = ("_depth", "_made", "_row")

    def __init__(self, row: Row, width: int, depth: Depth) -> None:
        super().__init__((), width)
        self._row = row
        self._depth: Depth = depth
        self._made: list[Segment] | None = None

    @property
    def _segments(self) -> list[Segment]:
        if self._made is None:
            self._made = [Segment(run[0], style_of(run)) for run in self._row]
        return self._made

    @_segments.setter
    def _segments(self, value: list[Segment]) -> None:
        pass  # the base class sets an empty list; the row is what counts

    def __bool__(self) -> bool:
        return bool(self._row)

    def render(self, console: Console) -> str:
        if self._render_cache is None:
            self._render_cache = escape(self._row, self._depth)
        return self._render_cache

    def crop(self, start: int, end: int | None = None) -> Strip:
        start, end = max(0, start), self.cell_length if end is None else min(self.cell_length, end)
        if start == 0 and end == self.cell_length:
            return self
        return FrameStrip(sliced(self._row, start, end), max(0, end - start), self._depth)

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        edges = [cut for cut in cuts if cut <= self.cell_length]
        if edges == [self.cell_length]:
            return [self]
        return [self.crop(a, b) for a, b in zip([0, *edges], edges, strict=False)]

    def apply_filter(self, filter: Any, background: Any) -> Strip:
        return self  # its colours are already what the terminal can show


def sliced(row: Row, start: int, end: int) -> Row:
    """The runs of the columns from `start` to `end`."""
    runs: list[Run] = []
    at = 0
    for run in row:
        text = run[0]
        width = len(text) if text.isascii() or text[0] == "▀" else cell_len(text)
        if at >= end:
            break
        if at + width > start:
            if width == len(text):
                text = text[max(0, start - at) : end - at]
            elif at < start or at + width > end:
                text = _sliced_wide(text, max(0, start - at), end - at)
            runs.append((text, *run[1:]))
        at += width
    return tuple(runs)


def _sliced_wide(text: str, start: int, end: int) -> str:
    segment = Segment(text).split_cells(start)[1] if start else Segment(text)
    return segment.split_cells(end - start)[0].text


def escape(row: Row, depth: Depth) -> str:
    """The row as the terminal wants it: a code only where something changes, and everything off at the end."""
    parts: list[str] = []
    last: tuple[int, int, int] = (DEFAULT, DEFAULT, 0)
    for text, foreground, background, attributes in row:
        if foreground == DEFAULT and text.isspace() and not attributes & REVERSE:
            foreground = last[0]  # a blank shows no foreground: leave it as it is
        now = (foreground, background, attributes)
        if now != last:
            parts.append(_change(last, now, depth))
            last = now
        parts.append(text)
    if last != (DEFAULT, DEFAULT, 0):
        parts.append("\x1b[0m")
    return "".join(parts)


def _change(last: tuple[int, int, int], now: tuple[int, int, int], depth: Depth) -> str:
    codes: list[str] = []
    foreground, background = last[0], last[1]
    if now[2] != last[2] or (now[0] == DEFAULT != foreground) or (now[1] == DEFAULT != background):
        codes = ["0", *(code for bit, code in _SGR_ATTRIBUTES if now[2] & bit)]
        foreground = background = DEFAULT
    if depth != "none":
        if now[0] not in (foreground, DEFAULT):
            codes.append(_code(now[0], depth, True))
        if now[1] not in (background, DEFAULT):
            codes.append(_code(now[1], depth, False))
    return f"\x1b[{';'.join(codes)}m" if codes else ""


@lru_cache(maxsize=65_536)
def _code(colour: int, depth: Depth, foreground: bool) -> str:
    if depth == "truecolor":
        return f"{38 if foreground else 48};2;{colour >> 16};{colour >> 8 & 255};{colour & 255}"
    from rich.color import ColorSystem

    nearest = _rich(colour).downgrade(ColorSystem(_SYSTEMS[depth]))
    return ";".join(nearest.get_ansi_codes(foreground))


@lru_cache(maxsize=4096)
def _rich(colour: int) -> Color:
    return Color.from_rgb(colour >> 16, colour >> 8 & 255, colour & 255)


def style_of(run: Run) -> Style:
    """For those who ask for segments."""
    _, foreground, background, attributes = run
    return Style(
        color=None if foreground == DEFAULT else _rich(foreground),
        bgcolor=None if background == DEFAULT else _rich(background),
        bold=bool(attributes & BOLD) or None,
        dim=bool(attributes & DIM) or None,
        reverse=bool(attributes & REVERSE) or None,
    )
