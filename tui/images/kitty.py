"""The graphics protocol of kitty: a picture is sent once under a number, and stands wherever that number is written.

    ESC _ G a=t,i=NUMBER,f=24,o=z,s=WIDTH,v=HEIGHT,m=1 ; base64 ESC \\     the pixels, in pieces of 4,096 characters
    ESC _ G a=p,U=1,i=NUMBER,p=1,c=COLUMNS,r=ROWS ESC \\                   so large it is to be
    U+10EEEE and marks above it, in a colour that is the number             a cell of it (a Unicode placeholder)

A cell of a picture is text: it is cropped, covered and erased as text is, by Textual and by tmux alike, so nothing is
ever left behind. That is why the picture is not simply placed on the screen, which more terminals can.

The next picture is sent under the same number: terminals then draw the cells that show it anew, so those are written
only where they move. The placement has a name, `p=1`, since some terminals would keep one for each picture. Commands
say `q=2`: what a terminal answers, tmux would give to whichever pane is in front.
"""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np

PIECE = 4096
CELL = "\U0010eeee"
"""What stands in each cell of a picture."""


def _marks(ranges: str) -> tuple[str, ...]:
    marks: list[str] = []
    for part in ranges.split():
        first, _, last = part.partition("-")
        marks += map(chr, range(int(first, 16), int(last or first, 16) + 1))
    return tuple(marks)


MARKS = _marks("""
    305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1 5a8-5a9 5ab-5ac
    5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733 735-736 73a 73d 73f-741 743 745
    747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954 f82-f83 f86-f87 135d-135f 17dd 193a 1a17
    1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0 1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1
    20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0 2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3
    aab7-aab8 aabe-aabf aac1 fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
""")
"""The marks that stand for 0, 1, 2, …: the first above a cell is its row in the picture, the second its column, the
third, if there is one, the highest byte of the picture's number."""
MOST = len(MARKS)
"""Rows and columns that can be numbered."""


def number_of(process: int, in_tmux: bool) -> int:
    """The number of the pictures of a process. Panes of tmux share a terminal, and others may show pictures there."""
    low = 16 + process % 240  # by a colour that is no name: tmux may change those
    return (1 + process // 240 % 255) << 24 | low if in_tmux else low


def transmission(pixels: np.ndarray[Any, Any], number: int, columns: int, rows: int) -> list[str]:
    """The commands after which cells with this number show the pixels, in so many columns and rows."""
    high, wide = pixels.shape[:2]
    text = base64.b64encode(zlib.compress(np.ascontiguousarray(pixels).tobytes(), 6)).decode()
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    commands = []
    for at, piece in enumerate(pieces):
        keys = f"a=t,q=2,i={number},t=d,f=24,o=z,s={wide},v={high}," if at == 0 else "q=2,"
        commands.append(f"\x1b_G{keys}m={int(at < len(pieces) - 1)};{piece}\x1b\\")
    return [*commands, f"\x1b_Ga=p,U=1,q=2,i={number},p=1,c={columns},r={rows}\x1b\\"]


def removal(number: int) -> str:
    """The command that frees a picture in the terminal."""
    return f"\x1b_Ga=d,d=I,q=2,i={number}\x1b\\"


def cells(number: int, row: int, first: int, last: int) -> str:
    """The columns from `first` to `last` of a row of a picture, with the colour that says which one.

    A cell without marks would go on from the one to its left, and be lost where something comes to stand there.
    """
    high = MARKS[number >> 24] if number >> 24 else ""
    return f"\x1b[38;5;{number & 255}m" + "".join(
        f"{CELL}{MARKS[row]}{MARKS[column]}{high}" for column in range(first, last)
    )
