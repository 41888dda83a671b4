"""Giving room back in the network folder: files of copies in which every run was deleted are removed.

A node removes only what it wrote, and nothing that may still be written to. What others may not have read yet (that
streams were deleted, how schemas changed) is written again before the file goes: rows may come twice.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from pathlib import Path

from .copies import Row, light_rows
from .seal import StreamIdentity

_KEPT = frozenset({"deleted", "schema"})
_PASSING = frozenset({"copier", "stream", "mark", "folder", "statistics", "judged", "alive", "gone", "end"})


def kept_of(path: Path, store: str, deleted: Collection[str]) -> list[Row] | None:
    """What must be written again before a file goes; None where it has to stay. `deleted` are ids of runs."""
    kept: list[Row] = []
    streams: list[int] = []
    for row in light_rows(path):
        kind = row["kind"]
        foreign = kind == "copier" and row["store"] != store
        if foreign or (kind not in _KEPT and kind not in _PASSING):
            return None
        if kind == "stream":
            identity = StreamIdentity.decode(row["identity"])
            if identity.run["run_id"] not in deleted:
                return None
            streams.append(identity.stream_id)
        elif kind in _KEPT:
            kept.append(row)
    return [*kept, {"kind": "deleted", "streams": sorted(set(streams))}] if streams else kept


def finished(copies: Path, host: str, writing: Collection[str], current: Path | None) -> list[Path]:
    """The files that a host's processes left there and do not write to: `writing` are those that live, but ours."""
    found: list[Path] = []
    for folder in sorted(copies.glob(f"{host}-*")):
        if folder.name.rpartition("-") not in {(host, "-", process) for process in writing}:
            found += [path for path in sorted(folder.glob("*.rows")) if path != current]
    return found


def remove(path: Path) -> None:
    """Remove a file, and its folder with the last one."""
    path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        path.parent.rmdir()


def size(copies: Path) -> int:
    """Bytes of all files that any node wrote there; 0 where that cannot be said."""
    total = 0
    for folder, _, names in os.walk(copies):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(folder, name)).st_size
    return total
