"""The terminal on fixed data: an app whose clocks stand still, and what is on its screen as plain characters."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fake_host import FakeHost
from fake_telemetry import NOW, FakeRepository, repository
from textual.app import App
from textual.pilot import Pilot

from cornerman.store.api import open_store
from cornerman.tui.app import CornermanApp
from cornerman.tui.feed import ORDER
from cornerman.tui.host import CHANNELS, Host
from cornerman.tui.look import Look
from cornerman.tui.options import Options
from cornerman.tui.screens.run import RunScreen
from cornerman.tui.widgets.frame_view import FrameView

QUIET_ROUNDS = 4
"""A message may take as many steps up or down the tree of widgets before all is done that came of it."""
PATIENCE_S = 10.0
"""How long a question may take that never is answered, as some here are."""
STORE = "~/.local/share/cornerman"


class Clock:
    """A monotonic clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def app_on(
    store: FakeRepository | Path | None = None,
    *,
    look: Look | None = None,
    options: Options | None = None,
    run: str | None = None,
    monotonic: Clock | None = None,
    host: Host | None = None,
) -> CornermanApp:
    """The app on a fake repository, or on a store that is there."""
    answers = repository() if store is None else store
    return CornermanApp(
        lambda read_only: open_store(answers, read_only=read_only) if isinstance(answers, Path) else answers,
        STORE,
        look=look or Look(),
        options=options,
        run=run,
        clock=lambda: NOW,
        monotonic=monotonic or Clock(),
        host=host or FakeHost(launched=[]),
    )


async def settle(pilot: Pilot[int]) -> None:
    """Wait until every question is answered and every answer is drawn, or, where one never is, for some seconds."""
    await _quiet(pilot)
    if isinstance(screen := pilot.app.screen, RunScreen):
        screen._draw_status()  # as it does by itself twice a second
        await _quiet(pilot)


async def _quiet(pilot: Pilot[int]) -> None:
    quiet, deadline = 0, time.monotonic() + PATIENCE_S
    while quiet < QUIET_ROUNDS and time.monotonic() < deadline:
        await pilot.pause(0)
        quiet = 0 if busy(pilot.app) else quiet + 1
        if not quiet:
            await asyncio.sleep(0.001)


def busy(app: App[int]) -> bool:
    """Whether a question has no answer yet, or an answer is not drawn."""
    assert isinstance(app, CornermanApp)
    asked = [*map(app.feed.waiting, ORDER), *map(app.host_feed.waiting, CHANNELS), app.logs.waiting()]
    return not app.settled or any(asked) or any(view.waiting for view in app.screen.query(FrameView))


@asynccontextmanager
async def watching(app: CornermanApp, *keys: str, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Pilot[int]]:
    """The app, running and settled after some keys."""
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for key in keys:
            await press(pilot, key)
        yield pilot


async def press(pilot: Pilot[int], *keys: str) -> None:
    """Press keys, one after the other, and wait for what each of them does."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def text_of(app: CornermanApp) -> str:
    """The characters on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


async def until_shown(pilot: Pilot[int], text: str) -> None:
    """Wait for what comes when it comes, as a terminal's new size does."""
    assert isinstance(pilot.app, CornermanApp)
    deadline = time.monotonic() + PATIENCE_S
    while text not in text_of(pilot.app):
        assert time.monotonic() < deadline, text_of(pilot.app)
        await pilot.pause(0.01)
