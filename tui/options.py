"""What the one who starts the terminal may choose; the command line fills it in from the settings."""

from __future__ import annotations

from typing import NamedTuple


class Options(NamedTuple):
    """How the screens look and how much they may send. None of it touches what is recorded."""

    colour: str = "auto"
    """auto, truecolor, 256, 16 or none."""
    ascii: bool | None = None
    """None: by the locale."""
    images: str = "half-cells"
    """How frames of pixels are drawn: half-cells, kitty, sixel or auto."""
    frames_per_second: float = 30.0
    """At most this many frames are drawn."""
    bytes_per_second: int = 300_000
    """Pictures may send this much; beyond it frames are dropped (and counted in the view ledger), keys never."""
    steps_per_second: float | None = None
    """What speed 1x means in replay; None: the environment's own `render_fps`, else 30."""
    every: int = 1
    """Of a run that is followed one row in so many is drawn."""
    rendering: bool = True
    """Whether frames are read, decoded and drawn."""
    read_only: bool = False
    """Deleting is refused."""
