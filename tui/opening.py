"""Opening the terminal's screens from a command: the one place of the command line that loads Textual."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from cornerman.log_catalog import held


def preload() -> None:
    """Load what the screens need, so that they open at once when there is something to show."""
    import_module("cornerman.tui.app")


def open_screens(store: Path, run: str | None = None) -> int:
    """Show the runs of a store, or one of them, until the user leaves; the exit code."""
    from .app import run as show
    from .chosen import chosen_options

    with held():
        return show(store, options=chosen_options(), run=run)
