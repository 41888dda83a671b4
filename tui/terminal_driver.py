"""Textual's driver of a terminal, with what a terminal that shows pictures needs beside it.

Its answers are taken out of the keys (`terminal_replies`), and it is told to forget its pictures before it is given
back, whatever ends or suspends the program.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import textual.drivers.linux_driver
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from .terminal_replies import KeyReader

if TYPE_CHECKING:
    from .image_choice import ImageChoice


class TerminalDriver(LinuxDriver):
    """A terminal of this host, or of the person who came by SSH."""

    @property
    def _images(self) -> ImageChoice:
        return cast("ImageChoice", self._app.images)  # type: ignore[attr-defined]

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
