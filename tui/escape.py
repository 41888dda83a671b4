"""Escape without Textual's wait.

A terminal sends the Escape key as the byte with which the sequences of other keys begin, so a program waits for the
rest. Textual's reader looks ten times a second whether that is over; here it looks as soon as it can be known, which
somebody who stops a search feels. What a terminal sends for one key comes in one piece, over SSH too: 25 ms are plenty.
"""

from __future__ import annotations

import os
import selectors
from types import SimpleNamespace
from typing import Any

import textual.constants

ESCAPE_S = 0.025


class _Selector(selectors.SelectSelector):
    """Waits no longer than for the rest of a sequence once something was read, and as long as it is told otherwise."""

    _begun = False

    def select(self, timeout: float | None = None) -> Any:
        if self._begun and timeout is not None:
            timeout = min(timeout, textual.constants.ESCAPE_DELAY)
        found = super().select(timeout)
        self._begun = bool(found)
        return found


def hasten() -> None:
    """For this process; ESCDELAY, in milliseconds, says otherwise where a line is so slow that keys come in parts.

    The driver's module is given a `selectors` in which one class is another. A Textual that waits by anything else of
    it, or by something else, finds what it looks for, and Escape is as slow as it was.
    """
    from textual.drivers import linux_driver

    kept = {**vars(selectors), "SelectSelector": _Selector}
    setattr(linux_driver, "selectors", SimpleNamespace(**kept))  # noqa: B010  (for the checkers it cannot be set)
    if "ESCDELAY" not in os.environ:
        textual.constants.ESCAPE_DELAY = ESCAPE_S  # type: ignore[misc]
