"""tmux between us and the terminal: what it lets through, asked of it, and how something is sent past it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

PATIENCE_S = 1.0
_ASKED = "#{client_termname}\n#{client_termtype}\n#{allow-passthrough}\n#{version}"


class Between(NamedTuple):
    """What tmux says of itself, and of the terminal that it is shown in."""

    terminal: str
    passes: bool
    """Whether it hands on what is wrapped for the terminal."""


def ask(environ: Mapping[str, str] = os.environ) -> Between | None:
    """What is between; None where there is no tmux, or it does not answer."""
    if not environ.get("TMUX"):
        return None
    command = ["tmux", "display-message", "-p", *(("-t", pane) if (pane := environ.get("TMUX_PANE")) else ()), _ASKED]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    said = [*done.stdout.split("\n"), "", "", "", ""]
    passes = said[2] in ("on", "all", "1", "2") or said[3].startswith(("2.", "3.0", "3.1", "3.2"))  # older ones always
    return Between(f"{said[0]} {said[1]}".strip(), passes)


def past(command: str) -> str:
    """The command for the terminal behind tmux."""
    return "\x1bPtmux;" + command.replace("\x1b", "\x1b\x1b") + "\x1b\\"
