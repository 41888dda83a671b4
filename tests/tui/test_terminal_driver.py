"""What of Textual's driver is replaced: an upgrade that goes another way is noticed here, and harms nobody."""

from __future__ import annotations

import os
import selectors
import sys
import threading
from types import SimpleNamespace
from typing import Any

import pytest
from textual.drivers.linux_driver import LinuxDriver
from waiting import wait_until

from cornerman.tui import escape
from cornerman.tui.app import CornermanApp
from cornerman.tui.terminal_driver import TerminalDriver


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """How long Textual's reader of keys waited each time, after it read an Escape."""
    escape.hasten()
    reader, writer = os.pipe()
    seen: list[float | None] = []
    select = selectors.SelectSelector.select

    def noted(self: selectors.SelectSelector, timeout: float | None = None) -> Any:
        seen.append(timeout)
        return select(self, timeout)

    monkeypatch.setattr(selectors.SelectSelector, "select", noted)
    over, keys = threading.Event(), list[Any]()
    driver = SimpleNamespace(fileno=reader, _debug=False, exit_event=over, process_message=keys.append)
    thread = threading.Thread(target=LinuxDriver.run_input_thread, args=(driver,))
    thread.start()
    os.write(writer, b"\x1b")
    wait_until(lambda: keys)
    over.set()
    thread.join()
    for descriptor in (reader, writer):
        os.close(descriptor)
    assert [key.key for key in keys] == ["escape"]
    return seen


def test_escape_is_known_as_soon_as_it_can_be(waits: list[float | None]) -> None:
    """Textual's own reader looks, ten times a second, whether the rest of a key has come."""
    assert escape.ESCAPE_S in waits


def test_a_textual_that_reads_keys_otherwise_has_its_own_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what ours rests on the screens are there all the same, and frames are half-cells."""
    app = CornermanApp(lambda _: None, "store")  # type: ignore[arg-type,return-value]
    monkeypatch.setattr("textual.app.App.get_driver_class", lambda self: LinuxDriver)
    assert app.get_driver_class() is TerminalDriver
    monkeypatch.delattr("textual.drivers.linux_driver.XTermParser")
    monkeypatch.delitem(sys.modules, "cornerman.tui.terminal_driver")
    assert app.get_driver_class() is LinuxDriver
