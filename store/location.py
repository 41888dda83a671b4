"""Where a store is: the folder a user names, else `$CORNERMAN_STORE`, else the user's data folder.

So `cornerman` over SSH shows every run of that host without being told where to look.
"""

from __future__ import annotations

import os
from pathlib import Path

DATABASE = "store.db"
JOURNAL = "journal"
COPIES = "copies"
"""In a folder on a network: what its nodes recorded."""
ELSEWHERE = "elsewhere"
"""Signs of life of other nodes' processes."""


def default_path() -> Path:
    """`$CORNERMAN_STORE`, else `$XDG_DATA_HOME/cornerman`, else `~/.local/share/cornerman`."""
    named = os.environ.get("CORNERMAN_STORE")
    if named:
        return Path(named).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "cornerman"


def store_path(path: Path | str | None) -> Path:
    """The absolute folder of a store; `path` as a user gave it, or None for the default."""
    return Path(os.path.abspath(Path(path).expanduser() if path else default_path()))
