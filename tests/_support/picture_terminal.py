"""A terminal that shows pictures, as far as tests need one: it answers what it can, and knows what is on its screen.

Text has a place, so it is known what covers what: a kitty picture is seen through the placeholders that stand there
now, a sixel picture where nothing was written since.
"""

from __future__ import annotations

import base64
import codecs
import fcntl
import os
import re
import signal
import struct
import termios
import time
import zlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from pty_program import PATIENCE_S, PtyProgram

from cornerman.tui.images.kitty import CELL, MARKS

WIDE, HIGH = 10, 20
_PLACE = {mark: at for at, mark in enumerate(MARKS)}
_TOKEN = re.compile(
    "\x1b_(?P<apc>[^\x1b]*)\x1b\\\\|\x1bP(?P<dcs>(?:[^\x1b]|\x1b\x1b)*)\x1b\\\\|\x1b\\](?P<osc>[^\x07\x1b]*)(?:\x07|\x1b\\\\)"
    "|\x1b\\[(?P<csi>[<=>?]?[\\d;:]*[ $!\"']*[@-~])|\x1b(?P<esc>[()*+].|[^()*+_P\\]\\[\x1b])|(?P<char>[^\x1b])",
    re.DOTALL,
)


class Abilities(NamedTuple):
    """What the terminal answers."""

    name: str = "kitty(0.40.0)"
    graphics: bool = True
    sixel: bool = False
    cell: bool = True
    attributes: bool = True
    done: bool = True


@dataclass
class Screen:
    """The cells of the screen that is in front, and the pictures that the terminal keeps."""

    columns: int = 100
    rows: int = 30
    cells: dict[tuple[int, int], tuple[str, int]] = field(default_factory=dict)
    """By row and column: the character with its marks, and the number of its colour."""
    images: dict[int, np.ndarray[Any, Any]] = field(default_factory=dict)
    sizes: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By picture: the columns and rows that it is to take."""
    canvas: np.ndarray[Any, Any] = field(default_factory=lambda: np.zeros((600, 1000, 4), np.uint8))
    """Pixels of sixel pictures, with what shows through."""
    written_pictures: int = 0

    def kitty(self) -> tuple[np.ndarray[Any, Any], tuple[int, int, int, int]] | None:
        """The picture seen through placeholders, its top, left, rows and columns; None unless each part of it is seen
        where it belongs."""
        parts = {place: _part(*cell) for place, cell in self.cells.items() if cell[0][0] == CELL}
        if len({number for *_, number in parts.values()}) != 1:
            return None
        top, left = min(row for row, _ in parts), min(column for _, column in parts)
        number = parts[top, left][2] if (top, left) in parts else 0
        columns, rows = self.sizes.get(number, (0, 0))
        whole = {(top + row, left + column): (row, column, number) for row in range(rows) for column in range(columns)}
        return (self.images[number], (top, left, rows, columns)) if parts == whole else None

    @property
    def bare(self) -> bool:
        """Whether not a cell shows anything of a picture."""
        return not self.canvas.any() and not any(text[0] == CELL for text, _ in self.cells.values())

    def sixel(self) -> tuple[np.ndarray[Any, Any], tuple[int, int]] | None:
        """The pixels that are seen of sixel pictures, and the top and left of where."""
        rows, columns = np.nonzero(self.canvas[:, :, 3])
        if not rows.size:
            return None
        top, left = int(rows.min()), int(columns.min())
        return self.canvas[top : int(rows.max()) + 1, left : int(columns.max()) + 1], (top, left)


def _part(text: str, colour: int) -> tuple[int, int, int]:
    """The row, the column and the number of the picture that a placeholder shows a part of."""
    row, column, high = (*(_PLACE[mark] for mark in text[1:]), 0, 0, 0)[:3]
    return row, column, high << 24 | colour


class PictureTerminal:
    """Reads what a program sends, and answers."""

    def __init__(self, program: PtyProgram, abilities: Abilities) -> None:
        self.program, self.abilities = program, abilities
        self.screen = Screen()
        self._read_to = 0
        self._rest = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._row = self._column = self._colour = 0
        self._saved = (0, 0)
        self._updating = False
        self._pieces = ""
        self._keys: dict[str, str] = {}

    def until(self, condition: Any, what: str) -> None:
        """Read and answer until the condition holds."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, f"never: {what}; on the screen:\n{self.text()}"
            self.read(0.05)

    def read(self, seconds: float) -> None:
        """Read what comes within some seconds, to the end of an update."""
        self._read(seconds)
        while self._updating:
            self._read(0.05)

    def _read(self, seconds: float) -> None:
        self.program._read(seconds)
        new = self.program.sent[self._read_to :]
        self._read_to += len(new)
        data = self._rest + self._decode(new)
        end = 0
        for found in _TOKEN.finditer(data):
            if found.start() != end:
                break
            self._obey(found.lastgroup or "", found[found.lastgroup or 0])
            end = found.end()
        self._rest = data[end:]

    def resize(self, columns: int, rows: int) -> None:
        """The person drags the corner of the window."""
        self.screen.columns, self.screen.rows = columns, rows
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self.program._slave, termios.TIOCSWINSZ, size)
        os.kill(self.program.pid, signal.SIGWINCH)

    def text(self) -> str:
        """The characters on the screen."""
        lines = []
        for row in range(self.screen.rows):
            cells = (self.screen.cells.get((row, column), " ")[0] for column in range(self.screen.columns))
            lines.append("".join("#" if cell[0] == CELL else cell[0] for cell in cells).rstrip())
        return "\n".join(lines)

    # ---- what is obeyed --------------------------------------------------------------------------------------------

    def _obey(self, kind: str, text: str) -> None:
        if kind == "char":
            self._write(text)
        elif kind == "csi":
            self._csi(text)
        elif kind == "apc" and text.startswith("G"):
            self._graphics(*(text[1:].split(";", 1) + [""])[:2])
        elif kind == "dcs" and "q" in text[:8]:
            self._draw_sixel(text)
        elif kind == "esc" and text == "7":
            self._saved = (self._row, self._column)
        elif kind == "esc" and text == "8":
            self._row, self._column = self._saved

    def _write(self, character: str) -> None:
        if character == "\n":
            self._row += 1
        elif character == "\r":
            self._column = 0
        elif character == "\b":
            self._column -= 1
        elif character in _PLACE:
            text, colour = self.screen.cells[self._row, self._column - 1]
            self.screen.cells[self._row, self._column - 1] = (text + character, colour)
        elif character >= " ":
            self.screen.cells[self._row, self._column] = (character, self._colour)
            top, left = self._row * HIGH, self._column * WIDE
            self.screen.canvas[top : top + HIGH, left : left + WIDE] = 0
            self._column += 1

    def _csi(self, text: str) -> None:
        numbers = [int(part) if part.isdigit() else 0 for part in text[:-1].split(";")]
        first = max(1, numbers[0])
        if text.endswith("H"):
            self._row, self._column = (max(1, n) - 1 for n in (*numbers, 1)[:2])
        elif text[-1] in "ABCDGd":
            self._move(text[-1], first)
        elif text[-1] in "KJX" and text[0] != "?":
            self._erase(text[-1], numbers[0])
        elif text.endswith("m") and text[0] not in "<>?=":
            self._colour = numbers[2] if numbers[:2] == [38, 5] else 0 if 0 in numbers[:1] else self._colour
        elif text in ("?1049h", "?1049l"):
            self.screen = Screen()
        elif text in ("?2026h", "?2026l"):
            self._updating = text == "?2026h"
        elif text == "?2026$p":
            self._answer("\x1b[?2026;2$y")
        elif text == "c" and self.abilities.attributes:
            self._answer("\x1b[?62;4;22c" if self.abilities.sixel else "\x1b[?62;22c")
        elif text == ">q" and self.abilities.name:
            self._answer(f"\x1bP>|{self.abilities.name}\x1b\\")
        elif text == "16t" and self.abilities.cell:
            self._answer(f"\x1b[6;{HIGH};{WIDE}t")
        elif text == "5n" and self.abilities.done:
            self._answer("\x1b[0n")

    def _move(self, kind: str, count: int) -> None:
        self._row += {"A": -count, "B": count}.get(kind, 0)
        self._column += {"C": count, "D": -count}.get(kind, 0)
        self._row = count - 1 if kind == "d" else self._row
        self._column = count - 1 if kind == "G" else self._column

    def _erase(self, kind: str, what: int) -> None:
        here, wide = (self._row, self._column), self.screen.columns
        ends = {"X": (self._row, self._column + max(1, what)), "K": (self._row, wide), "J": (self.screen.rows, 0)}
        first, last = here if what == 0 or kind == "X" else (0 if kind == "J" else self._row, 0), ends[kind]
        last = (self._row, self._column + 1) if what == 1 and kind != "X" else last
        for place in [place for place in self.screen.cells if first <= place < last]:
            del self.screen.cells[place]

    def _answer(self, text: str) -> None:
        self.program.send(text.encode())

    def _graphics(self, keys: str, data: str) -> None:
        said = dict(part.split("=", 1) for part in keys.split(","))
        self._keys, self._pieces = (said, data) if "a" in said else (self._keys, self._pieces + data)
        if self._keys["a"] == "q" and self.abilities.graphics:
            self._answer(f"\x1b_Gi={said['i']};OK\x1b\\")
        number = int(self._keys.get("i", 0))
        if self._keys["a"] == "t" and said["m"] == "0":
            pixels = np.frombuffer(zlib.decompress(base64.b64decode(self._pieces)), np.uint8)
            self.screen.images[number] = pixels.reshape(int(self._keys["v"]), int(self._keys["s"]), 3)
            self.screen.written_pictures += 1
        elif self._keys["a"] == "p":
            assert number in self.screen.images
            self.screen.sizes[number] = (int(said["c"]), int(said["r"]))
        elif self._keys["a"] == "d":
            self.screen.images.pop(number, None)

    def _draw_sixel(self, text: str) -> None:
        pixels = decode_sixel(text)
        top, left = self._row * HIGH, self._column * WIDE
        assert top + len(pixels) < (self.screen.rows - 1) * HIGH, "this would scroll the screen"
        area = self.screen.canvas[top : top + len(pixels), left : left + pixels.shape[1]]
        np.copyto(area, pixels, where=pixels[:, :, 3:] > 0)
        self.screen.written_pictures += 1


def decode_sixel(text: str) -> np.ndarray[Any, Any]:
    """The pixels of what stands between ESC P and ESC \\, with a fourth byte that says which were drawn."""
    parts = re.findall(r'"[\d;]+|#[\d;]+|![\d]+.|[-$?-~]', text[text.index("q") + 1 :])
    _, _, width, height = map(int, parts[0][1:].split(";"))
    pixels = np.zeros((-(-height // 6) * 6, width, 4), np.uint8)
    palette: dict[int, list[int]] = {}
    colour, at, band = 0, 0, 0
    for part in parts[1:]:
        if part[0] == "#":
            colour, *definition = map(int, part[1:].split(";"))
            if definition:
                palette[colour] = [round(percent * 255 / 100) for percent in definition[1:]]
        elif part == "-":
            at, band = 0, band + 1
        elif part == "$":
            at = 0
        else:
            length, bits = (int(part[1:-1]), ord(part[-1]) - 63) if part[0] == "!" else (1, ord(part) - 63)
            for line in range(6):
                if bits >> line & 1:
                    pixels[band * 6 + line, at : at + length] = [*palette[colour], 255]
            at += length
    assert not pixels[height:, :, 3].any(), "pixels below the picture"
    return pixels[:height]
