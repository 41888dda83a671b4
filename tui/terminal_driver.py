"""Textual's driver of a terminal, with what a terminal that shows pictures needs beside it.

Its answers are taken out of the keys (`terminal_replies`), and it is told to forget its pictures before it is given
back, whatever ends or suspends the program. What this rests on is Textual's own business: where a version has not got
it, this module is not imported, and frames stay half-cells (`app`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

import textual.drivers.linux_driver
from textual.drivers.linux_driver import LinuxDriver, XTermParser  # type: ignore[attr-defined]  # its reader of keys

if TYPE_CHECKING:
    from textual.message import Message

    from .image_choice import ImageChoice
    from .terminal_replies import Sieve


class KeyReader(XTermParser):
    """Textual's reader of keys, behind the sieve."""

    def __init__(self, sieve: Sieve, debug: bool = False) -> None:
        super().__init__(debug)
        self._sieve = sieve

    def feed(self, data: str) -> Iterable[Message]:
        if not data:  # the end of the input
            return super().feed(data)
        typed = self._sieve.typed(data)
        return super().feed(typed) if typed else ()

    def tick(self) -> Iterable[Message]:
        if late := self._sieve.late():
            yield from super().feed(late)
            if getattr(self, "_timeout_time", None) is not None:
                self._timeout_time = 0.0  # it has waited
        yield from super().tick()


class TerminalDriver(LinuxDriver):
    """A terminal of this host, or of the person who came by SSH."""

    @property
    def _images(self) -> ImageChoice:
        return cast("ImageChoice", self._app.images)  # type: ignore[attr-defined]

    @property
    def asking(self) -> Callable[[str], object] | None:
        """What writes to a terminal whose answers are heard; None where standard input is none."""
        return self.write if self.input_tty else None

    def run_input_thread(self) -> None:
        """As Textual does it, with another reader: it makes its own, of the class that its module names."""

        def reader(debug: bool = False) -> KeyReader:
            return KeyReader(self._images.sieve, debug)

        module = textual.drivers.linux_driver
        module.XTermParser = reader  # type: ignore[attr-defined,assignment]
        try:
            super().run_input_thread()
        finally:
            module.XTermParser = XTermParser  # type: ignore[attr-defined]

    def stop_application_mode(self) -> None:
        self._images.remove()
        super().stop_application_mode()
