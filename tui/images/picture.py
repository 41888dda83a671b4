"""A picture where a widget shows it: the bytes of each row of cells, and what is sent once before or after them.

Rows are asked for whenever the screen writes them, whole or in part. So what has to be sent goes out with the cells
that need it, in one piece, and only if they are written at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from ..renderers._cells import Depth
from ..renderers._pixels import averaged, pixels_of, reduced
from ..widgets.frame_strip import escape
from . import kitty, sixel, tmux

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Rgb

DONE = "\x1b[5n"
"""The question that a terminal answers when it has drawn what came before."""


class Place(NamedTuple):
    """The cells that a picture takes in its widget, and the widget's own colours around it."""

    left: int
    top: int
    columns: int
    rows: int
    width: int
    depth: Depth
    ground: tuple[int, int]

    def blank(self, first: int, last: int) -> str:
        return escape(((" " * max(0, last - first), *self.ground, 0),), self.depth)


class Picture(Protocol):
    """A picture that is shown."""

    octets: int
    """About how many bytes showing it sends."""
    floats: bool
    """Whether it lies over its cells, so that nothing else may stand there."""
    torn: bool
    """Whether cells beneath it were written, and it was not drawn again since."""
    place: Place

    @property
    def drawn_with(self) -> int:
        """The row of the widget with which it is sent."""
        ...

    def line(self, y: int, first: int, last: int) -> str | None:
        """The bytes of some columns of a row of the widget; None where they have to be half-cells."""
        ...


def placed(
    frame: Rgb, width: int, height: int, cell: tuple[int, int], depth: Depth, ground: tuple[int, int], most: int
) -> tuple[np.ndarray[Any, Any], Place] | None:
    """The picture in the middle of its widget, as large as fits, with no more pixels than are shown."""
    pixels = pixels_of(frame)
    if pixels is None or width < 1 or height < 1:
        return None
    high, wide = pixels.shape[:2]
    scale = min(width * cell[0] / wide, height * cell[1] / high)
    columns = min(max(1, round(wide * scale / cell[0])), width, most)
    rows = min(max(1, round(high * scale / cell[1])), height, most)
    if scale < 1:
        pixels = averaged(pixels, max(1, round(high * scale)), max(1, round(wide * scale)))
    return pixels, Place((width - columns) // 2, (height - rows) // 2, columns, rows, width, depth, ground)


class KittyPicture:
    """Sent under its number before the first of its cells that is written."""

    floats = torn = False

    def __init__(
        self, pixels: np.ndarray[Any, Any], place: Place, number: int, bits: int, in_tmux: bool,
        sent: Callable[[], None],
    ) -> None:  # fmt: skip
        pixels = reduced(pixels, bits) if bits < 8 else pixels
        commands = kitty.transmission(pixels, number, place.columns, place.rows)
        self._before = "".join(map(tmux.past, commands) if in_tmux else commands)
        self.place, self._number, self._sent = place, number, sent
        self.octets = len(self._before) + 10 * place.columns

    @property
    def drawn_with(self) -> int:
        return self.place.top

    def line(self, y: int, first: int, last: int) -> str | None:
        before, self._before = self._before, ""
        if before:
            self._sent()
            before += DONE
        place, row = self.place, y - self.place.top
        from_, to = max(first, place.left), min(last, place.left + place.columns)
        if not 0 <= row < place.rows or from_ >= to:
            return before + place.blank(first, last)
        grounded = place.blank(from_, to).partition(" ")[0]
        shown = kitty.cells(self._number, row, from_ - place.left, to - place.left)
        return f"{before}{place.blank(first, from_)}{grounded}{shown}\x1b[0m{place.blank(to, last)}"


class SixelPicture:
    """Drawn over blank cells after the last of them. What is written over it later erases it there."""

    floats = True

    def __init__(
        self, pixels: np.ndarray[Any, Any], place: Place, cell: tuple[int, int], bits: int,
        origin: Callable[[], tuple[int, int] | None], sent: Callable[[], None],
    ) -> None:  # fmt: skip
        pixels = reduced(pixels, bits) if bits < 8 else pixels
        self.place, self._origin, self._sent = place, origin, sent
        self.torn = False
        self._data = _fitted(pixels, place.columns * cell[0], place.rows * cell[1])
        self.octets = len(self._data) + place.width

    @property
    def drawn_with(self) -> int:
        return self.place.top + self.place.rows - 1

    def line(self, y: int, first: int, last: int) -> str | None:
        place = self.place
        if (first, last) != (0, place.width):
            self.torn = True
            return None  # something stands before it
        blank = place.blank(first, last)
        if y != self.drawn_with:
            self.torn = self.torn or place.top <= y < self.drawn_with
            return blank
        origin = self._origin()
        if origin is None:
            return blank
        self.torn = False
        self._sent()
        column, row = origin[0] + place.left + 1, origin[1] + place.top + 1
        return f"{blank}\x1b7\x1b[{row};{column}H{self._data}\x1b8{DONE}"


def _fitted(pixels: np.ndarray[Any, Any], width: int, height: int) -> str:
    """The picture in at most so many pixels, its proportions kept. Its height is a multiple of six: some terminals fill
    what is missing, and would draw over the row below."""
    high, wide = pixels.shape[:2]
    scale = min(width / wide, height / high)
    across, down = max(1, min(width, round(wide * scale))), max(6, min(height, round(high * scale)) // 6 * 6)
    if across < wide or down < high:
        pixels = averaged(pixels, min(high, down), min(wide, across))
    return sixel.encode(pixels, across, down)
