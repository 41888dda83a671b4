"""What this program says is kept in the store that it works on, beside what training commands print.

A store that is not there is not made for it, and a program that says nothing opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cornerman.log_catalog import LogConstant, add_sink

if TYPE_CHECKING:
    from cornerman.core.logs.own_lines import OwnLines


class KeptLines:
    """A sink for lines of INFO and above, of a program that works on the store that `chosen` names."""

    def __init__(self, chosen: Callable[[], Path]) -> None:
        self._chosen = chosen
        self._lines: OwnLines | None = None
        self._remove = add_sink(self, "INFO")

    def __call__(self, constant: LogConstant, fields: Mapping[str, Any]) -> None:
        from cornerman.store.location import DATABASE
        from cornerman.store.network import place_of

        if not (place_of(self._chosen()).local / DATABASE).exists():
            return
        if self._lines is None:
            from cornerman.core.logs.own_lines import OwnLines

            self._lines = OwnLines(self._open)
        self._lines(constant, fields)

    def close(self) -> None:
        """Bring what was said into the store."""
        self._remove()
        if self._lines is not None:
            self._lines.close()

    def _open(self) -> Any:
        from cornerman.store.logs import open_writer

        return open_writer(self._chosen())
