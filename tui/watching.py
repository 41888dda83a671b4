"""Opening the terminal's screens from a command: the one place of the command line that loads Textual."""

from __future__ import annotations

from pathlib import Path


def watch(store: Path) -> int:
    """Show the runs of a store until the user leaves; the exit code."""
    from .app import run
    from .chosen import chosen_options

    return int(run(store, chosen_options()) or 0)
