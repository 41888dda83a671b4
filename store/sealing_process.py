"""How a recording process comes to have a sealer: the process that seals for all who record into a store on this host.

Sealing is most of what recording costs, and the training thread is the wrong place for it; a thread of the same
interpreter stalls the loop whenever it takes the interpreter back. So the training only writes segments and the sealer
packs them. It is no daemon to look after: whoever needs it starts it, it leaves when nobody records, and without
it (it cannot be started, it was killed, it is switched off) the training process seals by itself.

It is a child of nobody (its parent forks and leaves) and has a session of its own, so that it is not in the way of a
program that waits for its children, Ctrl-C in a terminal does not reach it, and it holds no pipe of the program open.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from .liveness import holder
from .location import SEALER

STARTING_SECONDS = 10.0
"""So long a new sealer may take to say that it is there: its interpreter may be on a busy network disk."""
ATTEMPTS = 3

_PROGRAM = """\
import os
if os.fork():
    os._exit(0)
import json, sys
sys.path[:] = json.loads(sys.argv[2])
from cornerman.store.sealer import main
main(sys.argv[1])
"""


class SealingProcess:
    """The sealer of the store at `path`, as a recording process sees it. Asked by the session's thread."""

    def __init__(self, path: Path, wanted: bool) -> None:
        self.path = path
        self.usable = wanted and _is_python()
        """Whether segments may be left to it; otherwise the training process seals them."""
        self._attempts = 0
        self._started = -STARTING_SECONDS

    def ensure(self) -> None:
        """Start a sealer where none is; after a few attempts in vain it is no longer `usable`."""
        if self.running():
            self._attempts = 0
            return
        if time.monotonic() - self._started < STARTING_SECONDS * (self._attempts > 0):
            return
        if self._attempts == ATTEMPTS:
            self.usable = False
            return
        self._attempts += 1
        self._started = time.monotonic()
        try:
            _start(self.path)
        except (OSError, subprocess.SubprocessError):  # no memory, no more processes, a path that is gone
            self._attempts = ATTEMPTS

    def running(self) -> bool:
        try:
            descriptor = os.open(self.path / SEALER, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            return holder(descriptor) is not None
        finally:
            os.close(descriptor)

    def trouble(self) -> str:
        """Why the sealer could not store what it was left, or ''."""
        try:
            return (self.path / SEALER).read_text(encoding="utf-8", errors="replace").partition("\n")[2]
        except OSError:
            return ""


def _is_python() -> bool:
    """Whether `sys.executable` runs Python code: in a frozen program, or an embedded one, it would run that again."""
    return "python" in os.path.basename(sys.executable or "") and not getattr(sys, "frozen", False)


def _start(path: Path) -> None:
    """Run the sealer with this process's interpreter and import path, and wait for its parent only."""
    places = json.dumps([os.path.abspath(place) for place in sys.path])
    one_thread = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    # it packs megabytes after megabytes: memory that goes back to the kernel each time comes again page by page,
    # which was a sixth of its time. Read by the C library of GNU; others ignore it
    memory = {"MALLOC_MMAP_THRESHOLD_": str(32 << 20), "MALLOC_TRIM_THRESHOLD_": str(256 << 20)}
    subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, str(path), places],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd="/", start_new_session=True, env={**os.environ, **one_thread, **memory},
    ).wait(STARTING_SECONDS)  # fmt: skip
