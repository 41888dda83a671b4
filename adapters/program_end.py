"""How this program ended, where that was an exception that nobody caught: noted with the runs that it began.

Nothing is installed for it: the interpreter leaves the exception whose traceback it printed in `sys.last_exc`
(`last_value` before Python 3.12), and that is still there when its exit handlers run. The runs get the words that
`cornerman run` has for a command that ended so; under that, its own words get the exception. What a process cannot see
of itself stays unsaid here: `sys.exit(3)` leaves no trace before the end, and `os._exit` and SIGKILL run no handlers.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from cornerman.core import inherited
from cornerman.log_catalog.recorder import LOG_PROGRAM_CRASHED
from cornerman.store import session  # its exit handler seals; ours is registered later and so runs before it

LONGEST = 300
LONGEST_TRACEBACK = 16_384

_BEGUN: dict[tuple[Path, str], dict[str, Any]] = {}
"""The runs of this program, by store on this node and id."""


def begun(store: Path, run: dict[str, Any]) -> None:
    """Steps of this run are recorded into the store: how the program ends is how it ends."""
    if multiprocessing.parent_process() is None and run["provenance"]["pid"] == os.getpid():  # no worker, not forked
        _BEGUN[store, run["run_id"]] = run


def uncaught() -> BaseException | None:
    """The exception that ends this program; None where there is none, or somebody works at a prompt.

    Others set it too, a test runner for one, and go on. Of one that nobody caught the traceback begins at the bottom
    of the stack.
    """
    error: BaseException | None = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
    trace = getattr(sys, "last_traceback", None)
    if error is None or trace is None or hasattr(sys, "ps1") or trace.tb_frame.f_back is not None:
        return None
    return error


def words(error: BaseException) -> str:
    """`ValueError: too large`, in one line."""
    kind = type(error)
    own = kind.__module__ in ("builtins", "__main__")
    name = kind.__qualname__ if own else f"{kind.__module__}.{kind.__qualname__}"
    try:
        message = " ".join(str(error).split())
    except Exception:  # an exception that cannot be told
        message = ""
    text = f"{name}: {message}" if message else name
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _note_end() -> None:
    error = uncaught()
    if error is None:
        return
    for (store, _), run in _BEGUN.items():
        with contextlib.suppress(Exception):  # the program ends; there is nobody left to tell
            if inherited.BRIDGED:
                _add_exception(store, run, error)
            elif run["run_id"] != inherited.RUN:  # else it is a worker of the program that began the run
                _keep_end(store, run, error)
                _keep_line(store, run, error)


def _add_exception(store: Path, run: dict[str, Any], error: BaseException) -> None:
    """The bridge sees the exit code: it gets the words for it."""
    from cornerman.store import commands

    command = commands.command_of(store, run["run_id"])
    if command is not None and command.pid in (os.getpid(), os.getppid()):
        commands.keep(store, replace(command, exception=words(error)))


def _keep_end(store: Path, run: dict[str, Any], error: BaseException) -> None:
    from cornerman.core.run_command import RunCommand
    from cornerman.store import commands

    interrupted = isinstance(error, KeyboardInterrupt)
    kept = RunCommand(
        run_id=run["run_id"],
        job=run["job"],
        command=tuple(run["provenance"]["command"]),
        process="",
        started_us=run["created_us"],
        pid=os.getpid(),
        ended_us=time.time_ns() // 1000,
        exit_code=130 if interrupted else 1,
        signal="SIGINT" if interrupted else "",
        exception="" if interrupted else words(error),
        provenance=run["provenance"],
    )
    commands.keep(store, kept)


def _keep_line(store: Path, run: dict[str, Any], error: BaseException) -> None:
    """The traceback, in the logs: standard error has it already."""
    import traceback

    from cornerman.store.logs import said

    if isinstance(error, KeyboardInterrupt):
        return
    text = "".join(traceback.format_exception(error))
    fields = {"run": run["run_id"], "store": str(store), "exception": words(error)}
    said.lines(LOG_PROGRAM_CRASHED, {**fields, "traceback": text[-LONGEST_TRACEBACK:]}, 1, None)


assert session
atexit.register(_note_end)
os.register_at_fork(after_in_child=_BEGUN.clear)
