"""What the terminal answers, taken out of what the person types: nothing it says is ever obeyed as keys.

Textual's reader of keys would type an answer that it does not know, letter by letter; `terminal_driver` has one that
looks for answers first, by the sieve that is here. An answer may come in two pieces: while one is due, a piece that
could be its beginning waits for the rest as long as the Escape key does (`escape`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

import textual.constants

Kind = Literal["graphics", "name", "attributes", "cell", "done"]


class Reply(NamedTuple):
    """One answer: `graphics` of the protocol of kitty, the terminal's `name` and `attributes`, the height and width of
    a `cell` in pixels, or that everything sent before the question is `done`."""

    kind: Kind
    text: str


_REPLY = re.compile(
    r"\x1b_G(?P<graphics>[^\x1b]{0,200})\x1b\\|\x1bP>\|(?P<name>[^\x1b]{0,200})\x1b\\"
    r"|\x1b\[\?(?P<attributes>[\d;]*)c|\x1b\[6;(?P<cell>\d+;\d+)t|\x1b\[(?P<done>0)n"
)
_BEGUN = re.compile(
    r"\x1b(?:_(?:G[^\x1b]{0,200}\x1b?)?|P(?:>(?:\|[^\x1b]{0,200}\x1b?)?)?|\[(?:\?[\d;]*|6[;\d]*|0)?)?\Z"
)
_SHARE = 0.8
"""Of the wait of the Escape key: the reader looks again when that is over, and not a moment later."""


class Sieve:
    """Takes answers out of typed text."""

    def __init__(self, heard: Callable[[Reply], None], clock: Callable[[], float] = time.monotonic) -> None:
        self.due = False
        """Whether an answer is expected, so that what may be a piece of one waits for the rest."""
        self._heard, self._clock = heard, clock
        self._held, self._held_at = "", 0.0

    def typed(self, data: str) -> str:
        """What is left of it for the reader of keys."""
        data, self._held = self._held + data, ""
        if "\x1b" not in data:
            return data
        typed = _REPLY.sub(self._take, data)
        begun = _BEGUN.search(typed) if self.due else None
        if begun is None:
            return typed
        self._held, self._held_at = begun[0], self._clock()
        return typed[: begun.start()]

    def late(self) -> str:
        """What waited for a rest that did not come: keys after all."""
        if not self._held or self._clock() - self._held_at < textual.constants.ESCAPE_DELAY * _SHARE:
            return ""
        held, self._held = self._held, ""
        return held

    def _take(self, found: re.Match[str]) -> str:
        kind: Kind = found.lastgroup  # type: ignore[assignment]
        self._heard(Reply(kind, found[kind]))
        return ""
