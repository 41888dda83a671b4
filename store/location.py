"""Where a store is: the folder a user names, else what the settings say, else the user's data folder.

So `cornerman` over SSH shows every run of that host without being told where to look.
"""

from __future__ import annotations

import os
from pathlib import Path

from cornerman.core.recorder_settings import RecorderSettings
from cornerman.log_catalog.user_folders import data_folder

DATABASE = "store.db"
JOURNAL = "journal"
SEALER = "sealer"
"""Locked by the process that seals what the others record; its process id, and why the store takes nothing, if so."""
SPOOL = "spool"
"""Log records on their way into `logs.db`. Not in the journal: its folders are processes."""
COPIES = "copies"
"""In a folder on a network: what its nodes recorded."""
ELSEWHERE = "elsewhere"
"""Signs of life of other nodes' processes."""


def default_path() -> Path:
    """What `identity.store` says in the environment or the configuration, else the user's data folder."""
    return RecorderSettings.from_environment().store or data_folder()


def store_path(path: Path | str | None) -> Path:
    """The absolute folder of a store; `path` as a user gave it, or None for the default."""
    return Path(os.path.abspath(Path(path).expanduser() if path else default_path()))
