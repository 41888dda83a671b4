"""What the terminal can show: colours, or none; blocks and circles, or ASCII. Decided once, at the start.

Severity and state are never told by colour alone: each has a letter, a sign and a word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from .renderers._cells import Depth

_NO_COLOUR = ("dumb", "unknown", "vt1", "vt2", "vt52", "xterm-mono", "ansi-mono", "linux-m", "screen-m")
_GLYPHS = {
    "live": "●", "stale": "◌", "done": "✓", "failed": "✗", "interrupted": "✗", "rule": "─", "bar": "│", "dot": "·",
    "play": "▶", "pause": "‖", "follow": "»", "here": "▲", "mark": "▸", "more": "…", "missing": "—", "up": "↑",
    "down": "↓",
    "flat": "→", "warn": "⚠", "sorted": "▾", "times": "×", "reset": "↺", "left": "←", "right": "→",
    "DEBUG": "·", "INFO": "•", "WARNING": "▲", "ERROR": "✗", "bookmark": "◆", "thumb": "┃", "opened": "▾",
    "closed": "▸",
}  # fmt: skip
_ASCII = {
    "live": "*", "stale": "~", "done": "+", "failed": "x", "interrupted": "x", "rule": "-", "bar": "|", "dot": "-",
    "play": ">", "pause": "=", "follow": ">>", "here": "^", "mark": ">", "more": "..", "missing": "-", "up": "/",
    "down": "\\",
    "flat": "=", "warn": "!", "sorted": "v", "times": "x", "reset": "R", "left": "<", "right": ">",
    "DEBUG": ".", "INFO": "-", "WARNING": "!", "ERROR": "X", "bookmark": "#", "thumb": "#", "opened": "v",
    "closed": ">",
}  # fmt: skip
BLOCKS = " ▁▂▃▄▅▆▇█"
ASCII_BLOCKS = " ._-=+*%#"


class Look(NamedTuple):
    """The terminal's abilities, as every drawing function is told them."""

    depth: Depth = "truecolor"
    ascii: bool = False

    @property
    def colour(self) -> bool:
        return self.depth != "none"

    @property
    def blocks(self) -> str:
        """Nine signs of growing height, the first one blank."""
        return ASCII_BLOCKS if self.ascii else BLOCKS

    def glyph(self, name: str) -> str:
        return (_ASCII if self.ascii else _GLYPHS)[name]


def detect(environ: Mapping[str, str], colour: str = "auto", ascii_only: bool | None = None) -> Look:
    """The look for this environment; `colour` is auto, truecolor, 256, 16 or none and overrides what is found.

    NO_COLOR means what it says: not one colour code is sent. ASCII is chosen where the locale cannot carry more.
    """
    if ascii_only is None:
        ascii_only = not _speaks_utf8(environ)
    if colour in ("truecolor", "256", "16", "none"):
        return Look(colour, ascii_only)  # type: ignore[arg-type]
    return Look(_depth(environ), ascii_only)


def _depth(environ: Mapping[str, str]) -> Depth:
    term = environ.get("TERM", "").lower()
    if "NO_COLOR" in environ or not term or term.startswith(_NO_COLOUR):
        return "none"
    if environ.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith("-direct"):
        return "truecolor"
    return "256" if "256color" in term or "kitty" in term or "ghostty" in term or "alacritty" in term else "16"


def _speaks_utf8(environ: Mapping[str, str]) -> bool:
    """By the variables POSIX names, in its order; none of them set means the C locale, where Python speaks UTF-8."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = environ.get(name, "")
        if value:
            return "utf" in value.lower() or (value in ("C", "POSIX") and environ.get("PYTHONUTF8") == "1")
    return True
