"""Measuring what settings cost here: the pace of the newest run, the room on the disk, what a sync takes, the host."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from cornerman.core.errors import CornermanError
from cornerman.core.setting_costs import Measured

from .api import open_store
from .filesystem import filesystem_of, free_bytes
from .health import database_bytes
from .location import JOURNAL


def measure(path: Path) -> Measured:
    """This host and the store at `path`, which need not exist; takes a few milliseconds. Never raises."""
    run_id, steps_per_second, bytes_per_step = _pace(path)
    return Measured(
        run_id=run_id,
        steps_per_second=steps_per_second,
        bytes_per_step=bytes_per_step,
        store_bytes=_used(path),
        free_bytes=_free(path),
        sync_seconds=_sync_seconds(path),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        gpus=_gpus(),
    )


def _pace(path: Path) -> tuple[str, float | None, float | None]:
    """Of the newest run: its id, vector steps a second, bytes a vector step."""
    try:
        with open_store(path, read_only=True) as store:
            run = store.run("latest").summary()
    except (CornermanError, OSError):
        return "", None, None
    if not run.step_count or not run.steps_per_second:
        return run.run_id, None, None
    # the journal of a run under way is made before it is needed: it says nothing of what a step takes
    stored = run.bytes - (_journal(path) if run.state in ("live", "stale") else 0)
    return run.run_id, run.steps_per_second, stored / run.step_count if stored > 0 else None


def _used(path: Path) -> int:
    return database_bytes(path) + _journal(path)


def _journal(path: Path) -> int:
    return sum(_size(segment) for segment in (path / JOURNAL).glob("*/*.seg"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _free(path: Path) -> int | None:
    with contextlib.suppress(OSError):
        return free_bytes(_existing(path))
    return None


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.exists())


def _sync_seconds(path: Path, tries: int = 3) -> float | None:
    """The fastest of a few; None where the store's folder is not there, cannot be written, or is on a network."""
    if not path.is_dir() or filesystem_of(path).network:
        return None
    took = []
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=path) as file:
        for _ in range(tries):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            took.append(time.perf_counter() - began)
    return min(took, default=None)


def _gpus() -> int | None:
    """By what the driver shows; None where that cannot be known (no Linux, another maker's)."""
    shown = Path("/proc/driver/nvidia/gpus")
    if shown.is_dir():
        return len(list(shown.iterdir()))
    return None if Path("/dev/kfd").exists() or not Path("/proc").is_dir() else 0
