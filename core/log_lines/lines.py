"""Bytes of an output into lines, as they come: in pieces, without a last newline, a hundred megabytes long.

abc\n                 one line
10%\r20%\rdone\n       three states of one line on a terminal: each overwrites the one before
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

CAP: Final = 1 << 20
"""Bytes of a line that are kept; the others are counted."""
_ENDS = re.compile(rb"\r\n|\n|\r")


class Line(NamedTuple):
    """One line without its end, or one state of a line that is drawn over and over."""

    data: bytes
    overwritten: bool = False
    """It ended in a carriage return: what follows is written over it."""
    redrawn: bool = False
    """It was written over another one."""
    cut: int = 0
    """Bytes that were left out behind those that are kept."""


def whole_line(data: bytes) -> Line:
    """A line whose end was found already; at most CAP bytes of it."""
    return Line(data) if len(data) <= CAP else Line(data[:CAP], cut=len(data) - CAP)


class LineSplitter:
    """Takes an output's bytes in any pieces; holds at most CAP of them."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._cut = 0
        self._redrawn = False

    def feed(self, data: bytes) -> list[Line]:
        """The lines that end in what was fed so far."""
        if not self._redrawn and b"\r" not in data and not self._rest.endswith(b"\r"):
            return self._plain(data)
        return self._with_returns(data)

    def close(self) -> list[Line]:
        """What is left: a line without an end."""
        rest = bytes(self._rest)
        lines = (
            [Line(rest[:-1], True, self._redrawn, self._cut)]
            if rest.endswith(b"\r")
            else [self._line(rest)]
            if rest or self._cut
            else []
        )
        self._rest.clear()
        self._cut, self._redrawn = 0, False
        return [line for line in lines if line.data or line.cut]

    def _plain(self, data: bytes) -> list[Line]:
        first, *others = data.split(b"\n")
        if not others:
            self._keep(first)
            return []
        self._keep(first)
        lines = [self._line(bytes(self._rest))]
        self._rest.clear()
        self._cut = 0
        lines.extend(map(whole_line, others[:-1]))
        self._keep(others[-1])
        return lines

    def _with_returns(self, data: bytes) -> list[Line]:
        if self._rest.endswith(b"\r"):  # what comes next says whether it was half of a line's end
            del self._rest[-1:]
            data = b"\r" + data
        lines: list[Line] = []
        at = 0
        for found in _ENDS.finditer(data):
            if found[0] == b"\r" and found.end() == len(data):
                break
            self._keep(data[at : found.start()])
            at = found.end()
            overwritten = found[0] == b"\r"
            if self._rest or self._cut or not overwritten:
                lines.append(self._line(bytes(self._rest), overwritten))
            self._rest.clear()
            self._cut, self._redrawn = 0, overwritten
        self._keep(data[at:])
        return lines

    def _line(self, data: bytes, overwritten: bool = False) -> Line:
        return Line(data, overwritten, self._redrawn, self._cut)

    def _keep(self, data: bytes) -> None:
        room = CAP - len(self._rest)
        self._rest += data[:room] if len(data) > room else data
        self._cut += max(0, len(data) - room)
