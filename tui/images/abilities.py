"""What this terminal can draw, by asking it. A name in `TERM` says little, and over SSH nothing of the terminal's own.

Four questions are sent at once. Every terminal answers the last (device attributes), after those before it that it
knows, so nobody waits for an answer that does not come. A terminal that answers nothing is left as it is.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import struct
import termios
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..terminal_replies import Reply
from . import tmux

PATIENCE_S = 2.0
CELL = (10, 20)
"""Width and height of a cell in pixels where only their proportion matters and nobody said them."""
_GRAPHICS = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\"
_NAME, _CELL, _ATTRIBUTES = "\x1b[>q", "\x1b[16t", "\x1b[c"
_IN_CELLS = ("kitty", "ghostty")
"""Terminals that show a picture in cells of text. Others that answer to the protocol would show odd letters instead."""
SIXEL_ATTRIBUTE = "4"


class Abilities(NamedTuple):
    """What the terminal said. `tmux` is None where there is none."""

    name: str = ""
    graphics: bool = False
    sixel: bool = False
    cell: tuple[int, int] | None = None
    tmux: tmux.Between | None = None

    def why_not(self, protocol: str) -> str:
        """Why pictures cannot be drawn so, and what to do; '' where they can."""
        return self._why_not_kitty() if protocol == "kitty" else self._why_not_sixel()

    def best(self) -> str:
        """What `auto` means here."""
        return next((protocol for protocol in ("kitty", "sixel") if not self.why_not(protocol)), "half-cells")

    def _why_not_kitty(self) -> str:
        if self.tmux is not None and _named(self.tmux.terminal):
            return "" if self.tmux.passes else "no kitty: tmux set -g allow-passthrough on lets it through"
        if self.tmux is None and self.graphics and _named(self.name):
            return ""
        if self.graphics:
            return f"no kitty: {self.name or 'this terminal'} has no pictures in cells; try sixel"
        return "no kitty here: kitty and Ghostty know it"

    def _why_not_sixel(self) -> str:
        if not self.sixel:
            return "no sixel: this tmux draws none (3.4 can)" if self.tmux else "no sixel: this terminal draws none"
        return "" if self.cell else "no sixel: this terminal does not say how large its cells are"


def _named(words: str) -> bool:
    return any(name in words.lower() for name in _IN_CELLS)


async def ask(
    write: Callable[[str], object], replies: asyncio.Queue[Reply], environ: Mapping[str, str] = os.environ
) -> Abilities | None:
    """Ask, and wait for the last answer; None if it does not come."""
    between = await asyncio.to_thread(tmux.ask, environ)
    # tmux and screen take the first question for a title, Apple's terminal prints it
    odd = environ.get("TMUX") or environ.get("STY") or environ.get("TERM_PROGRAM") == "Apple_Terminal"
    write(("" if odd else _GRAPHICS) + _NAME + _CELL + _ATTRIBUTES)
    found = Abilities(tmux=between)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while (reply := await replies.get()).kind != "attributes":
                found = _with(found, reply)
    except TimeoutError:
        return None
    return found._replace(sixel=SIXEL_ATTRIBUTE in reply.text.split(";"), cell=found.cell or cell_of_line())


def _with(found: Abilities, reply: Reply) -> Abilities:
    if reply.kind == "graphics":
        return found._replace(graphics=found.graphics or reply.text.endswith(";OK"))
    if reply.kind == "name":
        return found._replace(name=reply.text if reply.text.isprintable() else "")
    if reply.kind == "cell":
        height, width = map(int, reply.text.split(";"))
        return found._replace(cell=(width, height) if 0 < width < 200 and 0 < height < 400 else None)
    return found


def cell_of_line() -> tuple[int, int] | None:
    """Width and height of a cell by what the line of the terminal knows, which changes with its font."""
    for descriptor in (0, 1, 2):
        try:
            packed = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, bytes(8))
        except OSError:
            continue
        rows, columns, wide, high = struct.unpack("HHHH", packed)
        if rows and columns and wide >= columns and high >= rows:
            return wide // columns, high // rows
    return None
