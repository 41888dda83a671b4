"""Real monochrome: every colour is taken out of what goes to the terminal, bold, dim and reverse stay.

Textual's own answer to NO_COLOR sends grey shades as 24-bit colours, which a person who asked for none did not ask for.
"""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter


class Attributes(LineFilter):
    """Keeps attributes, drops colours."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(text, None if style is None else _plain(style), control) for text, style, control in segments]


@lru_cache(1024)
def _plain(style: Style) -> Style | None:
    kept = {name: True for name in ("bold", "dim", "reverse", "underline") if getattr(style, name)}
    return Style(**kept) if kept else None  # type: ignore[arg-type]
