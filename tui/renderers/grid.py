"""Boards: coloured tiles with their letters on them, so that a board is readable without any colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._cells import (
    BOLD,
    DEFAULT,
    DIM,
    PLAIN,
    REVERSE,
    Canvas,
    Cells,
    Row,
    Run,
    crop,
    merged,
    message,
    text_width,
    visible,
    wrap,
)

if TYPE_CHECKING:
    from cornerman.core.payloads.frame_v1 import Grid

_SIZES = ((14, 7), (10, 5), (7, 3), (5, 3), (3, 1), (1, 1))
"""Tile sizes tried, the largest first that fits; a terminal's cell is about twice as high as wide."""

_MEANINGS = {
    "hole": (0x16325C, 0x8FB7F0), "water": (0x16325C, 0x8FB7F0), "lava": (0x7A1F12, 0xFFD0B0),
    "cliff": (0x7A1F12, 0xFFD0B0), "goal": (0x1F6B3A, 0xD8FFE0), "destination": (0x1F6B3A, 0xD8FFE0),
    "start": (0x4A4F5C, 0xE8EAF0), "wall": (0x5A5048, 0xD8CFC4), "frozen": (0xB9D6EA, 0x24425A),
    "ice": (0xB9D6EA, 0x24425A), "floor": (0x2A2E37, 0x9AA3B2), "empty": (0x2A2E37, 0x9AA3B2),
    "passenger": (0x7A5A12, 0xFFE8B0), "key": (0x7A5A12, 0xFFE8B0), "door": (0x6B3A1F, 0xFFDCC0),
}  # fmt: skip
"""Background and letter colour by a word of the legend: the frame says what a tile is, no environment is known here."""

_OTHERS = ((0x30394A, 0xB8C4D8), (0x3A3048, 0xC8B8DC), (0x2E3F3A, 0xB4D4C8), (0x463A2C, 0xDCC8A8), (0x3F2F36, 0xDCB8C4))
_AGENT = (0xFFC83D, 0x1A1200)
_MARK = (0xB04FC8, 0xFFFFFF)


def draw(frame: Grid, canvas: Canvas) -> Cells:
    """The board as large as fits, the part around the agent where it does not, then caption and legend."""
    tiles = [visible(row, canvas.ascii) for row in frame.tiles]
    columns = max((len(row) for row in tiles), default=0)
    if not columns or canvas.width < 1 or canvas.height < 1:
        return message(canvas, "An empty board.")
    tiles = [row.ljust(columns) for row in tiles]
    below = _below(frame, canvas, len(tiles))
    size = _tile_size(len(tiles), columns, canvas.width, canvas.height - len(below))
    top, left, high, wide = _window(frame, len(tiles), columns, canvas, size, len(below))
    things = _things(frame)
    rows: list[Row] = []
    for row in range(top, top + high):
        looks = [_look(frame, tiles[row][column], things.get((row, column))) for column in range(left, left + wide)]
        rows.extend(_tile_rows(looks, size, canvas))
    if (high, wide) != (len(tiles), columns):
        shown = f"rows {top}-{top + high - 1} of {len(tiles)}, columns {left}-{left + wide - 1} of {columns}"
        below = [shown, *below][: max(1, len(below))]
        rows = rows[: canvas.height - len(below)]
    lines = [crop(line, canvas.width) for line in below]
    width = max(wide * size[0], *(text_width(line) for line in lines), 0)
    return Cells(
        width, tuple(_middle(row, width) for row in [*rows, *(((line, DEFAULT, DEFAULT, DIM),) for line in lines)])
    )


def _middle(row: Row, width: int) -> Row:
    before = (width - sum(text_width(run[0]) for run in row)) // 2
    return ((" " * before, DEFAULT, DEFAULT, PLAIN), *row) if before > 0 else row


def _below(frame: Grid, canvas: Canvas, high: int) -> list[str]:
    """Caption and legend, as far as the board leaves room for them."""
    legend = [f"{sign} {word}" for sign, word in frame.legend.items()]
    if frame.agent is not None:
        legend.append("@ agent")
    lines = wrap(visible(frame.caption, canvas.ascii), canvas.width)
    lines += _packed([visible(part, canvas.ascii) for part in legend], canvas.width)
    return lines[: max(0, min(3, canvas.height - high))]


def _packed(parts: list[str], width: int) -> list[str]:
    """Parts two blanks apart on as few lines as hold them whole."""
    lines: list[str] = []
    for part in parts:
        if lines and text_width(lines[-1]) + 2 + text_width(part) <= width:
            lines[-1] += "  " + part
        else:
            lines.append(part)
    return lines


def _tile_size(high: int, wide: int, columns: int, rows: int) -> tuple[int, int]:
    for width, height in _SIZES:
        if wide * width <= columns and high * height <= rows:
            return width, height
    return 1, 1


def _window(
    frame: Grid, high: int, wide: int, canvas: Canvas, size: tuple[int, int], below: int
) -> tuple[int, int, int, int]:
    """Top, left, height and width of the tiles shown: all of them, or those around the agent."""
    room_high = max(1, canvas.height - max(below, 0 if high * size[1] <= canvas.height - below else 1)) // size[1]
    room_wide = canvas.width // size[0]
    row, column = frame.agent or (0, 0)
    top = max(0, min(row - room_high // 2, high - room_high))
    left = max(0, min(column - room_wide // 2, wide - room_wide))
    return top, left, min(high, max(1, room_high)), min(wide, max(1, room_wide))


def _things(frame: Grid) -> dict[tuple[int, int], tuple[str, bool]]:
    """What stands on a tile: its sign, and whether it is the agent, who stands on top."""
    things = {(row, column): (sign[:1] or "?", False) for row, column, sign in frame.marks}
    if frame.agent is not None:
        things[tuple(frame.agent)] = ("@", True)  # type: ignore[index]
    return things


def _look(frame: Grid, tile: str, thing: tuple[str, bool] | None) -> tuple[str, int, int, bool, str]:
    """Sign, background, letter colour, whether it is the agent, and the tile beneath."""
    background, letter = _colours(tile, frame.legend.get(tile, ""))
    if thing is None:
        return tile, background, letter, False, tile
    sign, agent = thing
    background, letter = _AGENT if agent else _MARK
    return sign, background, letter, agent, tile


def _colours(tile: str, meaning: str) -> tuple[int, int]:
    for word, colours in _MEANINGS.items():
        if word in meaning.lower():
            return colours
    return _MEANINGS["floor"] if tile in " ." else _OTHERS[ord(tile) % len(_OTHERS)]


def _tile_rows(looks: list[tuple[str, int, int, bool, str]], size: tuple[int, int], canvas: Canvas) -> list[Row]:
    width, height = size
    return [merged(_tile_line(look, line, width, height, canvas) for look in looks) for line in range(height)]


def _tile_line(look: tuple[str, int, int, bool, str], line: int, width: int, height: int, canvas: Canvas) -> Run:
    sign, background, letter, agent, beneath = look
    text = " " * width
    if line == height // 2:
        label = f"{beneath}{sign}" if agent and width > 3 and beneath.strip() else sign
        label = f"[{sign}]" if agent and width == 3 else label
        text = label.center(width)
    if canvas.depth == "none":
        return text, DEFAULT, DEFAULT, REVERSE if agent else PLAIN
    return text, letter, background, BOLD if agent else PLAIN
