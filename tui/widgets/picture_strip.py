"""A row of a picture that is sent as pixels. For whoever does not send it, such as a screenshot, it is half-cells."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.segment import Segment
from textual.strip import Strip

from ..renderers._cells import Depth, Row
from .frame_strip import FrameStrip, escape, sliced, style_of


class PictureStrip(FrameStrip):
    """Some columns of a row. `line` has their bytes, or None; `half_cells` the same row as cells."""

    __slots__ = ("_first", "_half_cells", "_line", "_y")

    def __init__(
        self, y: int, first: int, last: int, depth: Depth,
        line: Callable[[int, int, int], str | None], half_cells: Callable[[int], Row],
    ) -> None:  # fmt: skip
        super().__init__((), last - first, depth)
        self._y, self._first = y, first
        self._line, self._half_cells = line, half_cells

    @property
    def _cells(self) -> Row:
        return sliced(self._half_cells(self._y), self._first, self._first + self.cell_length)

    @property
    def _segments(self) -> list[Segment]:
        return [Segment(run[0], style_of(run)) for run in self._cells]

    @_segments.setter
    def _segments(self, value: list[Segment]) -> None:
        pass

    def __bool__(self) -> bool:
        return True

    def render(self, console: Console) -> str:
        """Not kept: what is sent once goes out with the first row that is written."""
        line = self._line(self._y, self._first, self._first + self.cell_length)
        return escape(self._cells, self._depth) if line is None else line

    def crop(self, start: int, end: int | None = None) -> Strip:
        start, end = max(0, start), self.cell_length if end is None else min(self.cell_length, end)
        if start == 0 and end == self.cell_length:
            return self
        first = self._first + start
        return PictureStrip(
            self._y, first, first + max(0, end - start), self._depth, self._line, self._half_cells
        )  # fmt: skip
