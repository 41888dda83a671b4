"""The terminal on fixed data: an app whose clocks stand still, and what is on its screen as plain characters."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fake_host import FakeHost
from fake_telemetry import NOW, FakeRepository, repository
from textual.pilot import Pilot

from cornerman.store.api import open_store
from cornerman.tui.app import CornermanApp
from cornerman.tui.feed import ORDER
from cornerman.tui.host import CHANNELS, Host
from cornerman.tui.look import Look
from cornerman.tui.options import Options

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
    """Wait until every question is answered and every answer is drawn."""
    app = pilot.app
    assert isinstance(app, CornermanApp)
    for _ in range(3):
        for _ in range(400):
            await pilot.pause(0.01)
            waiting = [*map(app.feed.waiting, ORDER), *map(app.host_feed.waiting, CHANNELS), app.logs.waiting()]
            if app.settled and not any(waiting):
                break
        await pilot.pause()


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
