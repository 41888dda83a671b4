"""The lines of this program, kept in the store that it works on, beside those of the workers.

Where this program runs under `cornerman run`, what it writes is kept by that, and not a second time here.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.core import inherited
from cornerman.log_catalog import LogConstant
from cornerman.log_catalog.levels import Levels

if TYPE_CHECKING:
    from cornerman.core.logs.own_lines import OwnLines


class KeptLines:
    """A sink for the store in a folder. Nothing is loaded before the first line, and no store is made for one."""

    def __init__(self, store: Path, written: Levels) -> None:
        self._store = store
        self._written = written
        """From which level on lines are on standard error too."""
        self._kept: OwnLines | None = None

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        if inherited.BRIDGED and constant.severity >= self._written.least(constant) and _kept_by_the_bridge():
            return
        from cornerman.core.logs.own_lines import OwnLines
        from cornerman.store.location import DATABASE
        from cornerman.store.logs import open_writer
        from cornerman.store.network import place_of

        if self._kept is None:
            if not (place_of(self._store).local / DATABASE).exists():
                return
            self._kept = OwnLines(lambda: open_writer(self._store))
        self._kept(constant, fields)

    def close(self) -> None:
        """Bring into the store what was kept."""
        if self._kept is not None:
            self._kept.close()


def _kept_by_the_bridge() -> bool:
    from cornerman.store.logs.said import left_to_the_bridge

    return left_to_the_bridge(sys.stderr)
