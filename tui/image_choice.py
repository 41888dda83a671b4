"""How frames of pixels are drawn: the wish, what the terminal can, and what is done.

Half-cells need nothing of `tui.images`; it is imported when somebody wishes for more, and the terminal is asked then.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .look import Look
from .terminal_replies import Reply, Sieve

if TYPE_CHECKING:
    from .images.abilities import Abilities
    from .images.flight import Flight
    from .images.picture import Picture, SixelPicture

PROTOCOLS = ("half-cells", "kitty", "sixel")


class ImageChoice:
    """One terminal's way to draw pictures. `write` sends to it; None where it cannot be asked anything."""

    def __init__(self, wanted: str, look: Look, write: Callable[[], Callable[[str], object] | None]) -> None:
        self.wanted = wanted
        self.protocol = "half-cells"
        self.answered: Callable[[], None] = lambda: None
        """Called when the terminal has drawn what was sent."""
        self.sieve = Sieve(self._heard)
        self._look, self._writer = look, write
        self._abilities: Abilities | None = None
        self._replies: asyncio.Queue[Reply] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._flight: Flight | None = None
        self._kept = False
        """Whether the terminal has a picture of ours."""

    # ---- choosing ------------------------------------------------------------------------------------------------

    async def choose(self, wanted: str) -> str:
        """Draw so from now on; where it cannot be, half-cells, and why is said."""
        self.wanted, why = wanted, ""
        protocol = wanted
        if wanted != "half-cells":
            why = await self._why_not(wanted)
            if wanted == "auto":
                protocol, why = self._abilities.best() if self._abilities and not why else "half-cells", ""
        self.protocol = "half-cells" if why else protocol
        if self.protocol != "kitty":
            self.remove()
        return why

    async def next(self) -> str:
        """Take the next way that this terminal can; what to tell the person about it."""
        refused: list[str] = []
        at = PROTOCOLS.index(self.protocol)
        for protocol in (*PROTOCOLS[at + 1 :], *PROTOCOLS[:at]):
            if not (why := await self.choose(protocol)):
                return f"images: {protocol}"
            refused.append(why)
        return "; ".join(dict.fromkeys(refused))

    async def _why_not(self, protocol: str) -> str:
        """Why a way cannot be taken, '' where it can; the terminal is asked once."""
        if not self._look.colour or self._look.ascii:
            return f"no images: {'ASCII was' if self._look.colour else 'no colours were'} asked for"
        write = self._writer()
        if write is None:
            return "no images: this is no terminal"
        if self._abilities is None:
            from .images.abilities import ask
            from .images.flight import Flight

            self._loop, self._replies, self._flight = asyncio.get_running_loop(), asyncio.Queue(), Flight()
            self.sieve.due = True
            try:
                self._abilities = await ask(write, self._replies)
            finally:
                self.sieve.due, self._replies = False, None
        if self._abilities is None:
            return "no images: the terminal does not answer"
        return "" if protocol == "auto" else self._abilities.why_not(protocol)

    # ---- drawing -------------------------------------------------------------------------------------------------

    def picture(
        self, frame: Any, size: tuple[int, int], ground: tuple[int, int], bits: int,
        origin: Callable[[], tuple[int, int] | None],
    ) -> Picture | SixelPicture | None:  # fmt: skip
        """A frame as it is sent to the terminal; None where half-cells have to say what it is."""
        if self.protocol == "half-cells" or self._abilities is None:
            return None
        from .images import abilities, kitty, picture

        cell = abilities.cell_of_line() or self._abilities.cell or abilities.CELL
        found = picture.placed(frame, *size, cell, self._look.depth, ground, kitty.MOST)
        if found is None:
            return None
        if self.protocol == "sixel":
            return picture.SixelPicture(*found, cell, bits, origin, self._sent)
        return picture.KittyPicture(*found, self._number, bits, self._in_tmux, self._sent)

    @property
    def _in_tmux(self) -> bool:
        return self._abilities is not None and self._abilities.tmux is not None

    @property
    def _number(self) -> int:
        from .images import kitty

        return kitty.number_of(os.getpid(), self._in_tmux)

    @property
    def wait(self) -> float:
        """Seconds until the terminal may be sent another, unless it answers before."""
        return self._flight.wait if self._flight is not None else 0.0

    def remove(self) -> None:
        """Nobody looks at pictures any more: the terminal need not keep them."""
        write = self._writer()
        if not self._kept or write is None:
            return
        from .images import kitty, tmux

        command = kitty.removal(self._number)
        write(tmux.past(command) if self._in_tmux else command)
        self._kept = False

    def _sent(self) -> None:
        self._kept = self.protocol == "kitty"
        if self._flight is not None:
            self._flight.sent()
            self.sieve.due = True

    # ---- what the terminal says ----------------------------------------------------------------------------------

    def _heard(self, reply: Reply) -> None:
        """From the thread that reads keys."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hear, reply)

    def _hear(self, reply: Reply) -> None:
        if self._replies is not None:
            self._replies.put_nowait(reply)
        elif reply.kind == "done" and self._flight is not None:
            self._flight.answered()
            self.sieve.due = self._flight.open
            self.answered()
