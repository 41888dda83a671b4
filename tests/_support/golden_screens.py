"""Screens as they were accepted: as plain text, and as a picture, which is tied to the versions that draw it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from screens import settle, text_of
from textual.pilot import Pilot

from cornerman.tui.app import CornermanApp

PICTURES = sys.version_info[:2] == (3, 11)
"""The pictures' baseline is drawn with this Python."""


class GoldenScreens:
    """Compares what an app shows after some keys with what is in a folder; both from one start of the app."""

    def __init__(self, folder: Path, snap_compare: Any, *, update: bool) -> None:
        self._folder, self._same_picture, self._update = folder, snap_compare, update

    def check(
        self, app: CornermanApp, name: str, size: tuple[int, int], go: Callable[[Pilot[Any]], Awaitable[None]]
    ) -> None:
        """The text, and the picture where this Python draws it as the baseline's does."""
        if not PICTURES:
            self.check_text(app, name, size, go)
            return
        shown: list[str] = []

        async def look(pilot: Pilot[Any]) -> None:
            await settle(pilot)
            await go(pilot)
            shown.append(text_of(app))

        same = self._same_picture(app, terminal_size=size, run_before=look)
        self._compare(name, size, shown[0])
        assert same, "the text is as it was, the colours are not"

    def check_text(
        self, app: CornermanApp, name: str, size: tuple[int, int], go: Callable[[Pilot[Any]], Awaitable[None]]
    ) -> None:
        async def look() -> str:
            async with app.run_test(size=size) as pilot:
                await settle(pilot)
                await go(pilot)
                return text_of(app)

        self._compare(name, size, asyncio.run(look()))

    def _compare(self, name: str, size: tuple[int, int], shown: str) -> None:
        path = self._folder / f"{name}-{size[0]}x{size[1]}.txt"
        if self._update:
            path.write_text(shown + "\n", encoding="utf-8")
        assert path.exists(), "no golden text yet: `just snapshot-update`"
        assert shown + "\n" == path.read_text(encoding="utf-8")
