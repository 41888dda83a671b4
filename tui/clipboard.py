"""The clipboard of a person at another machine: through the terminal, or through tmux where that is in between.

OSC 52 tells the terminal to take a text. tmux passes that on only where it is told to, but takes a text itself, and
hands it to the terminal that it knows. No helper program of a desktop is tried: over SSH they stall for seconds.
Nobody answers whether it worked, so what was handed over is said, with its size.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable

from . import words

MOST_BYTES = 74_994
"""What a terminal's clipboard takes at least: xterm, tmux and hterm end there or soon after."""
PATIENCE_S = 2.0


def copy(text: str, what: str, to_terminal: Callable[[str], None]) -> str:
    """Copy, and say what was."""
    size = len(text.encode(errors="surrogateescape"))
    if size > MOST_BYTES:
        most = words.size(MOST_BYTES, " ")
        return f"not copied: {what} has {words.size(size, ' ')}, a clipboard takes {most}; w writes a file"
    if os.environ.get("TMUX") and _to_tmux(text):
        return f"copied {what}, {words.size(size, ' ')}, by tmux"
    to_terminal(text)
    return f"copied {what}, {words.size(size, ' ')}, by the terminal (OSC 52)"


def _to_tmux(text: str) -> bool:
    try:
        subprocess.run(
            ["tmux", "load-buffer", "-w", "-"], input=text.encode(errors="surrogateescape"), timeout=PATIENCE_S,
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return True
