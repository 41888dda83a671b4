"""Where files of a user belong on this system: settings, what is remembered, and stores without a name.

In the lowest layer, since the words that a user registers are one of these files. `$CORNERMAN_STATE_DIR`, which
`--state-dir` sets, keeps all of it in one folder, and nothing in the user's home.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

STATE_DIR_VARIABLE: Final = "CORNERMAN_STATE_DIR"


def config_folder() -> Path:
    """`~/.config/cornerman`: settings, filters and words that somebody chose. It need not exist."""
    return _folder("config", "XDG_CONFIG_HOME", ".config")


def state_folder() -> Path:
    """`~/.local/state/cornerman`: what a program remembers, such as bookmarks."""
    return _folder("state", "XDG_STATE_HOME", ".local/state")


def data_folder() -> Path:
    """`~/.local/share/cornerman`: the store of whoever names none."""
    return _folder("store", "XDG_DATA_HOME", ".local/share")


def _folder(what: str, variable: str, in_home: str) -> Path:
    if own := os.environ.get(STATE_DIR_VARIABLE, "").strip():
        return Path(own).expanduser().absolute() / what
    if named := os.environ.get(variable):
        return Path(named) / "cornerman"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "cornerman"
    return Path.home() / in_home / "cornerman"
