"""What holds for every test of a screen: it is waited for by what it does, not by the clock."""

from __future__ import annotations

import asyncio

import pytest
from textual._context import active_app
from textual.pilot import Pilot


async def _heard(*_: float) -> None:
    """Return when what was sent has reached the app, and everybody has taken what waited."""
    for _turn in range(3):  # a key is sent through the loop: one turn to start it, one to post it
        await asyncio.sleep(0)
    await Pilot(active_app.get())._wait_for_screen()


@pytest.fixture(autouse=True)
def screens_do_not_wait_for_an_idle_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual's pilot takes a screen for finished when the processor is idle: 40 ms a key, seconds on a busy host.

    `settle` asks the feeds and the queues instead. Nor need answers here come at the rate of a display.
    """
    monkeypatch.setattr("textual.app.wait_for_idle", _heard)
    monkeypatch.setattr("textual.pilot.wait_for_idle", _heard)
    monkeypatch.setattr("cornerman.tui.app.PUMP_S", 0.0)
