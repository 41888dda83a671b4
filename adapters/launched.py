"""The keeper of a launched program: starts it within its limits, waits for it, and writes down how it ended.

    python -m cornerman.adapters.launched <store>/launches/<id>.json

A process of its own, in a session of its own and nobody's child, so that neither the end of a terminal nor of a
connection reaches it or the program. It holds none of the program's output: killed, it takes nothing with it but the
knowledge of the exit code.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from .launches import VARIABLE, Launch, Limits, born, update

CANNOT_BEGIN = 127


def main(file: Path) -> int:
    """Run the launch that the file describes."""
    if os.fork():
        return 0
    os.setsid()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    launch = update(file, keeper=f"{os.getpid()}@{born(os.getpid())}")
    try:
        child = _begun(launch)
    except OSError as error:
        update(file, exit_code=CANNOT_BEGIN, ended=time.time(), reason=f"{error.strerror}: {error.filename}")
        return CANNOT_BEGIN
    signal.signal(signal.SIGTERM, lambda number, frame: _pass_on(child, number, frame))
    update(file, pid=child.pid, birth=born(child.pid))
    code = child.wait()
    update(file, exit_code=code if code >= 0 else 128 - code, ended=time.time())
    return 0


def _begun(launch: Launch) -> subprocess.Popen[bytes]:
    """The bridge, and behind it the program: what that writes is kept as log records, and nobody reads it here."""
    return subprocess.Popen(
        launch.started,
        cwd=launch.cwd,
        env={**os.environ, **launch.environment, **variables(launch.limits), VARIABLE: launch.id},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=lambda: apply(launch.limits),  # safe: this process has one thread
    )


def _pass_on(child: subprocess.Popen[bytes], number: int, _: FrameType | None) -> None:
    """Who ends the keeper means the program: a host that shuts down, a batch system."""
    with contextlib.suppress(OSError):
        child.send_signal(number)


def variables(limits: Limits) -> dict[str, str]:
    """What tells libraries of their limits."""
    found = {"OMP_NUM_THREADS": str(len(limits.processors))} if limits.processors else {}
    return found if limits.gpus == "all" else {**found, "CUDA_VISIBLE_DEVICES": limits.gpus.replace("none", "")}


def apply(limits: Limits) -> None:
    """In the new process, before the program is there. A limit that cannot be set is not: the run says what it got."""
    with contextlib.suppress(OSError, ValueError):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        setter: Any = getattr(os, "sched_setaffinity", None)
        if limits.processors and setter is not None:
            setter(0, limits.processors)
    with contextlib.suppress(OSError, ValueError):
        if limits.memory_bytes:
            # not the address space: CUDA and mapped journals reserve far more of it than they use
            resource.setrlimit(resource.RLIMIT_DATA, (limits.memory_bytes, limits.memory_bytes))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
