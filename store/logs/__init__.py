"""The store of log records: `logs.db` beside `store.db`, the spools that feed it, and what is asked of it.

    writer = open_writer(path)          # a LogWriter: core/logs/port.py
    open_store(path).logs               # a LogReader

Records stand in blocks of 4,096, column by column and compressed; what has a block in few words (its kinds with their
counts, its times, a set of the pieces of its text) is enough to answer most questions without looking into it.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .writer import Writer

__all__ = ["open_writer"]


def open_writer(path: Path | str | None = None) -> Writer:
    """The writer of the store in the folder `path`, which is made where there is none. Never waits for a lock."""
    from cornerman.core.errors import StoreError

    from ..api import make_store
    from ..location import store_path
    from ..network import place_of
    from .writer import Writer

    place = place_of(store_path(path))
    if not _made(place.local):
        with suppress(StoreError):  # a full disk: what is appended is counted, and the next turn tries again
            make_store(path)
    return Writer(place.local, place=place)


def _made(store: Path) -> bool:
    """Whether there is more than the empty file that a kill leaves of a database in the making."""
    from cornerman.core.errors import CornermanError, StoreNotFound

    from ..connection import connect

    try:
        connect(store).close()
    except StoreNotFound:
        return False
    except CornermanError:
        return True
    return True
