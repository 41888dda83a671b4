"""The frame: renderers' cells on the screen, by changed spans, within a rate and a byte budget.

A frame that comes too early or does not fit the budget waits as the newest one and is drawn when its turn comes;
those it replaces are counted by cause. Keys never wait for frames: what is not sent cannot be in their way. When a
moving picture rests, it is drawn once more with all its colours.

Where somebody chose true pixels, a frame of pixels is a picture instead (`image_choice`); what the terminal has not
drawn yet counts as the budget does.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from .. import renderers
from ..renderers._cells import DEFAULT, Canvas, Cells, Row, columns
from .budget import Budget
from .frame_strip import FrameStrip, escape, sliced
from .picture_strip import PictureStrip

if TYPE_CHECKING:
    from textual.timer import Timer

    from ..image_choice import ImageChoice
    from ..images.picture import Picture
    from ..look import Look

REST_S = 0.6
"""A picture that has not changed for so long is at rest."""
BITS = (8, 5, 4)


class FrameView(Widget):
    """Draws the newest frame it was given."""

    def __init__(
        self, *, id: str | None = None, bytes_per_second: int = 300_000, frames_per_second: float = 30.0
    ) -> None:
        super().__init__(id=id)
        self.budget = Budget(bytes_per_second)
        self.dropped: Callable[[str], None] = lambda cause: None
        self.drawn: Callable[[], None] = lambda: None
        """Called when a frame that had to wait is drawn."""
        self._pause = 1 / frames_per_second
        self._kind, self._frame, self._hint = "none", None, ""
        self._waiting = ""
        self._drawn_at = 0.0
        self._cells = Cells(0, ())
        self._rows: list[Row] = []
        self._picture: Picture | None = None
        self._half: list[Row] = []
        """The picture as half-cells, for whoever asks."""
        self._gave_way = False
        """Whether half-cells are drawn because something stands before the picture."""
        self._mending = False
        self._bits = 0
        self._timer: Timer | None = None

    @property
    def look(self) -> Look:
        return cast("Look", self.app.look)  # type: ignore[attr-defined]

    @property
    def images(self) -> ImageChoice:
        return cast("ImageChoice", self.app.images)  # type: ignore[attr-defined]

    @property
    def cells(self) -> Cells:
        """What is drawn now."""
        return self._cells

    @property
    def bits(self) -> int:
        """Bits of each colour channel now shown of a photographic frame."""
        return BITS[self._bits]

    @property
    def waiting(self) -> str:
        """Why the newest frame is not drawn yet, or ''."""
        return self._waiting

    def present(self, kind: str, frame: Any, hint: str = "") -> None:
        """Show a frame, now or as soon as rate and budget allow."""
        if (kind, hint) == (self._kind, self._hint) and (frame is self._frame or _same(frame, self._frame)):
            return
        if self._waiting:
            self.dropped(self._waiting)
        self._kind, self._frame, self._hint = kind, frame, hint
        self._schedule()

    def on_mount(self) -> None:
        self.app.app_resume_signal.subscribe(self, lambda _: self.again())

    def on_unmount(self) -> None:
        self.images.remove()

    def on_resize(self) -> None:
        self.again()

    def again(self) -> None:
        """Draw all of it, whatever the terminal may still have."""
        self._rows = []
        self._draw()
        self.refresh()

    def _schedule(self) -> None:
        early = self._pause - (time.monotonic() - self._drawn_at)
        broke = max(self.budget.wait, self.images.wait)
        if early <= 0.002 and broke <= 0:
            self._draw()
            return
        self._waiting = "byte budget" if broke > early else "frame rate"
        self._after(max(early, broke), self._draw)

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(seconds, do) if self.is_attached else None

    def _draw(self) -> None:
        waited, self._waiting = self._waiting, ""
        self._drawn_at = time.monotonic()
        if self.size:
            spent = self._paint(BITS[self._bits])
            self.budget.spend(spent)
            self._choose_bits(spent)
            if self._kind == "rgb" and self._bits:
                self._after(REST_S, self._rest)
        if waited:
            self.drawn()

    def _choose_bits(self, spent: int) -> None:
        """Fewer colours where frames at this rate would not fit the budget, more where they would fit twice over."""
        share = self.budget.rate * max(self._pause, 1 / 15)
        if spent > share and self._bits < len(BITS) - 1:
            self._bits += 1
        elif spent * 5 < share and self._bits:
            self._bits -= 1

    def _answered(self) -> None:
        """The terminal has drawn a picture: what waited for that is drawn."""
        if self._waiting and self.is_attached:
            self._schedule()

    def _rest(self) -> None:
        """With all the colours that go through the connection in a second."""
        if self._picture is None:
            self.budget.spend(self._paint(8))
        elif self.images.wait:
            self._after(REST_S, self._rest)
        else:
            bits = next((bits for bits in BITS if self._picture_of(bits, self.budget.rate)), BITS[-1])
            if bits > self.bits:
                self.budget.spend(self._paint(bits))

    def _paint(self, bits: int) -> int:
        """Draw, refresh what differs, and say about how many bytes that sends."""
        self._half = []
        before, self._picture = self._picture, self._picture_of(bits)
        if self._picture is not None:
            self._rows, self.images.answered = [], self._answered
            if before is not None and before.place == self._picture.place:
                self.refresh(Region(0, self._picture.drawn_with, self.size.width, 1))
            else:
                self.refresh()
            return self._picture.octets
        if before is not None:
            self._rows = []
        self._cells, rows = self._in_cells(bits)
        return self._refresh_changed(rows)

    def _in_cells(self, bits: int) -> tuple[Cells, list[Row]]:
        width, height = self.size
        canvas = Canvas(width, height, self.look.depth, self.look.ascii, bits, self._hint)
        cells = renderers.draw(self._kind, self._frame, canvas)
        return cells, self._centred(cells, width, height)

    def _refresh_changed(self, rows: list[Row]) -> int:
        width, look = self.size.width, self.look
        regions, octets = [], 0
        for y, row in enumerate(rows):
            old = self._rows[y] if y < len(self._rows) else ()
            if old != row:
                first, last = changed(old, row, width)
                regions.append(Region(first, y, last - first, 1))
                octets += len(escape(sliced(row, first, last), look.depth)) + 8
        self._rows = rows
        if regions:
            self.refresh(*regions)
        return octets

    def _picture_of(self, bits: int, most: int | None = None) -> Picture | None:
        """The frame as it is sent, where it is one of pixels, that is chosen, and nothing stands before it."""
        images, self._gave_way = self.images, False
        if self._kind != "rgb" or images.protocol == "half-cells":
            return None
        self._gave_way = images.protocol == "sixel" and self._covered()
        if self._gave_way:
            return None
        picture = images.picture(self._frame, self.size, self._ground(), bits, self._origin)
        return None if picture is None or (most is not None and picture.octets > most) else picture

    def _covered(self) -> bool:
        """Whether anything stands before this widget: then what is drawn over cells would be drawn over that."""
        if self.app.screen is not self.screen:
            return True
        own = self.region
        family = {self, *self.ancestors}
        seen = self.screen._compositor.visible_widgets.items()
        return any(
            widget not in family and region.overlaps(own) and clip.overlaps(own) for widget, (region, clip) in seen
        )

    def _origin(self) -> tuple[int, int] | None:
        """Where the widget begins on the screen; None while it is cut off."""
        where = self.region
        return where.offset if self.screen.region.contains_region(where) and not self._covered() else None

    def _line(self, y: int, first: int, last: int) -> str | None:
        """The bytes of some columns of a row of the picture."""
        picture = self._picture
        line = None if picture is None else picture.line(y, first, last)
        if picture is not None and picture.torn and not self._mending:
            self._mending = True
            self.call_later(self._mend)
        return line

    def _mend(self) -> None:
        """Cells were written over a picture that nothing draws again by itself."""
        self._mending = False
        if self._picture is not None and self._picture.torn:
            self.refresh()

    def _half_cells(self, y: int) -> Row:
        if not self._half:
            self._half = self._in_cells(8)[1]
        return self._half[y] if y < len(self._half) else ((" " * self.size.width, *self._ground(), 0),)

    def _centred(self, cells: Cells, width: int, height: int) -> list[Row]:
        """The rows in the middle of the widget, on its own colours."""
        ground = self._ground()
        blank: Row = ((" " * width, *ground, 0),)
        above = max(0, (height - len(cells.rows)) // 2)
        left = max(0, (width - cells.width) // 2)
        body = [_grounded(row, left, width, ground) for row in cells.rows[:height]]
        return [*[blank] * above, *body, *[blank] * (height - above - len(body))]

    def _ground(self) -> tuple[int, int]:
        """Text and background colour of the widget; the terminal's own where there are no colours."""
        if not self.look.colour:
            return DEFAULT, DEFAULT
        style = self.rich_style
        return _number(style.color), _number(style.bgcolor)

    def render_lines(self, crop: Region) -> list[Strip]:
        width, depth = self.size.width, self.look.depth
        blank: Row = ((" " * width, *self._ground(), 0),)
        strips: list[Strip] = []
        if self._gave_way and not self._covered():
            self.call_later(self.again)
        as_picture = self._picture is not None and not (self._picture.floats and self._covered())
        for y in crop.line_range:
            if self._picture is not None:
                strips.append(self._picture_strip(y, as_picture, *crop.column_span))
                continue
            row = self._rows[y] if y < len(self._rows) else blank
            strip = FrameStrip(row, width, depth)
            strips.append(strip if crop.column_span == (0, width) else strip.crop(*crop.column_span))
        return strips

    def _picture_strip(self, y: int, as_picture: bool, first: int, last: int) -> Strip:
        if as_picture:
            return PictureStrip(y, first, last, self.look.depth, self._line, self._half_cells)
        return FrameStrip(sliced(self._half_cells(y), first, last), last - first, self.look.depth)


def changed(old: Row, new: Row, width: int) -> tuple[int, int]:
    """The columns in which two rows differ, from the first such run to the last."""
    if not old:
        return 0, width
    head = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        head += 1
    tail = 0
    for before, after in zip(reversed(old[head:]), reversed(new[head:]), strict=False):
        if before != after:
            break
        tail += 1
    first = columns(new[:head])
    last = width - (columns(new[len(new) - tail :]) if tail else 0)
    return first, max(last, first + 1)


def _grounded(row: Row, left: int, width: int, ground: tuple[int, int]) -> Row:
    used = columns(row)
    runs = [(text, ground[0] if f == DEFAULT else f, ground[1] if b == DEFAULT else b, a) for text, f, b, a in row]
    if left:
        runs.insert(0, (" " * left, *ground, 0))
    if left + used < width:
        runs.append((" " * (width - left - used), *ground, 0))
    return tuple(runs)


def _number(colour: Any) -> int:
    if colour is None or colour.triplet is None:
        return DEFAULT
    red, green, blue = colour.triplet
    return int(red) << 16 | int(green) << 8 | int(blue)


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one == other) and one is not None
    except Exception:  # a foreign frame may refuse to be compared
        return False
