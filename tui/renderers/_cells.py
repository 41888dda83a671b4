"""Cells: what a renderer makes, and the canvas it is given. Plain tuples, so that a test needs no terminal.

A row is a tuple of runs `(text, foreground, background, attributes)`; colours are 0xRRGGBB, or `DEFAULT` for whatever
the terminal or the theme has there. Neighbours that look the same belong into one run: each run costs bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

Depth: TypeAlias = Literal["truecolor", "256", "16", "none"]
Run: TypeAlias = tuple[str, int, int, int]
Row: TypeAlias = tuple[Run, ...]

DEFAULT = -1
PLAIN, BOLD, REVERSE, DIM = 0, 1, 2, 4


class Canvas(NamedTuple):
    """Room for a frame: columns and rows of the terminal, and what it can show."""

    width: int
    height: int
    depth: Depth = "truecolor"
    ascii: bool = False
    bits: int = 8
    """Bits kept of each colour channel of a photographic frame; fewer make longer runs, so fewer bytes."""
    hint: str = ""
    """Why there may be nothing to draw, from whoever knows."""


class Cells(NamedTuple):
    """Rows of runs, at most as wide and as high as the canvas they were made for."""

    width: int
    rows: tuple[Row, ...]

    @property
    def plain(self) -> str:
        """The characters alone, a line each."""
        return "\n".join("".join(run[0] for run in row).rstrip() for row in self.rows)


def text_width(text: str) -> int:
    """Columns that printable text takes."""
    if text.isascii():
        return len(text)
    return sum(_character_width(character) for character in text)


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def crop(text: str, width: int) -> str:
    """As much of `text` as fits into `width` columns."""
    if text.isascii():
        return text[: max(0, width)]
    used = 0
    for at, character in enumerate(text):
        used += _character_width(character)
        if used > width:
            return text[:at]
    return text


_NAMES = {"\x1b": "␛", "\x7f": "␡"}


def visible(text: str, ascii_only: bool = False) -> str:
    """`text` with every control character shown as a sign, so that no terminal obeys it."""
    if text.isprintable() and (text.isascii() or not ascii_only):
        return text
    return "".join(c if c.isprintable() and (c.isascii() or not ascii_only) else _sign(c, ascii_only) for c in text)


def _sign(character: str, ascii_only: bool) -> str:
    code = ord(character)
    if code < 0x20 or code == 0x7F:
        return f"^{chr(code ^ 0x40)}" if ascii_only else _NAMES.get(character) or chr(0x2400 + code)
    return f"<{code:04X}>" if code > 0xFF else f"<{code:02X}>"


def wrap(text: str, width: int) -> list[str]:
    """`text` broken at spaces into lines of at most `width` columns; longer words are cut."""
    lines, line = [], ""
    for word in text.split():
        candidate = f"{line} {word}" if line else word
        if text_width(candidate) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        line = crop(word, width)
    return [*lines, line] if line else lines


def message(canvas: Canvas, *sentences: str) -> Cells:
    """Sentences in the middle of the canvas, where there is no picture to show."""
    width = max(0, min(canvas.width, 60))
    lines = [line for sentence in sentences if sentence for line in wrap(visible(sentence, canvas.ascii), width)]
    lines = lines[: max(0, canvas.height)]
    widest = max((text_width(line) for line in lines), default=0)
    return Cells(widest, tuple(((line + " " * (widest - text_width(line)), DEFAULT, DEFAULT, DIM),) for line in lines))


def merged(runs: Iterable[Run]) -> Row:
    """The same row in as few runs as possible."""
    row: list[Run] = []
    for run in runs:
        if row and row[-1][1:] == run[1:]:
            row[-1] = (row[-1][0] + run[0], *run[1:])
        elif run[0]:
            row.append(run)
    return tuple(row)


def columns(row: Row) -> int:
    """How wide a row is."""
    return sum(text_width(run[0]) for run in row)
