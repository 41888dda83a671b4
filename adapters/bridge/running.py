"""`cornerman run`: a command as a run of a job. What it is, its lines, what it uses and how it ended are in the store.

    with AwaitedSignals() as signals:
        ended, kept = run_command(Request(("python", "train.py"), store=path, job="baseline"), signals)

A command that is started again is another run of the same job: a run is one execution. Its id begins with the first
one's, and it says which run it follows.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cornerman.core.errors import CornermanError
from cornerman.core.ids import new_ulid
from cornerman.core.inherited import BRIDGE_VARIABLE
from cornerman.core.redaction import redacted, redacted_values
from cornerman.core.run_command import RunCommand
from cornerman.core.run_inputs import Input, Inputs
from cornerman.core.setting_keys import key
from cornerman.log_catalog import log
from cornerman.log_catalog.bridge import (
    LOG_COMMAND_NOT_KEPT,
    LOG_COMMAND_RESTARTED,
    LOG_LINES_BEHIND,
    LOG_LINES_LEFT,
    LOG_LINES_LOST,
    LOG_PIPE_HELD,
)
from cornerman.store import commands
from cornerman.store.liveness import Process
from cornerman.store.network import Place, place_of, prepare

from ..inputs import SCRIPT
from ..inputs import read as read_input
from ..provenance import provenance
from .alert_watch import AlertWatch
from .command import Command, Ended
from .keeper import LineKeeper
from .restarts import DIRECTED, NEVER, Restarts
from .samples import Sampler
from .signals import AwaitedSignals

RESTART_SECONDS: Final = 1.0
"""Between two attempts; doubled for each, up to a minute."""
LONGEST_RESTART_SECONDS: Final = 60.0
SILENT_SECONDS: Final = 2.0
"""Longer, and the wait for the last records is said."""
_SCRIPTS = (".py", ".sh", ".jl", ".lua", ".rb")


@dataclass(frozen=True, slots=True)
class Request:
    """A command to run, and what its user said about it."""

    command: tuple[str, ...]
    store: Path
    job: str
    environment: Mapping[str, str] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    frames: str = ""
    pty: bool = True
    restarts: Restarts = NEVER
    kill_after: float | None = None
    sample_seconds: float = 5.0


def run_command(request: Request, signals: AwaitedSignals) -> tuple[Ended, RunCommand]:
    """Run the command to its last end. Never raises for anything that is wrong with the store.

    `signals` were entered before this module was imported: NumPy brings threads, which must not get them.
    """
    first, attempt, pause = new_ulid(), 1, RESTART_SECONDS
    after = ""
    while True:
        run_id = first if attempt == 1 else f"{first}-{attempt}"
        ended, kept = _Attempt(request, run_id, attempt, after).run(signals)
        if not request.restarts.wanted(ended, attempt):
            return ended, kept
        log(LOG_COMMAND_RESTARTED, run=run_id, job=request.job, ended=kept.ended, attempt=attempt + 1)
        if _interrupted(signals, pause):
            return ended, kept
        after, attempt, pause = run_id, attempt + 1, min(2 * pause, LONGEST_RESTART_SECONDS)


class _Attempt:
    """One run of the command."""

    def __init__(self, request: Request, run_id: str, attempt: int, after: str) -> None:
        self._request = request
        self._network = _place(request.store)
        self._place = self._network.local
        self._keeper = LineKeeper(request.store, self._place, run_id, request.job)
        self._process: Process | None = None
        self._trouble, self._noted = "", False
        with contextlib.suppress(OSError):
            self._process = Process(self._place)
        self._kept = RunCommand(
            run_id=run_id,
            job=request.job,
            command=tuple(redacted(request.command)),
            process=self._process.name if self._process else "",
            started_us=_now(),
            attempt=attempt,
            after=after,
            environment=redacted_values(request.environment),
            resources=dict(request.resources),
            note=request.note,
            frames=request.frames,
            provenance={**provenance(), "command": redacted(request.command)},
        )

    def run(self, signals: AwaitedSignals) -> tuple[Ended, RunCommand]:
        self._note()
        making = threading.Thread(target=self._make_store, daemon=True)
        making.start()
        command = Command(self._request.command, self._variables(), self._keeper, pty=self._request.pty)
        samplers: list[Sampler] = []
        watch = AlertWatch(self._request.store, self._kept.run_id)

        def started(pid: int) -> None:
            self._keeper.begin(pid)
            self._kept = replace(self._kept, pid=pid)
            self._note()
            watch.start()
            samplers.append(Sampler(pid, self._keeper.sample, self._request.sample_seconds))
            samplers[0].start()

        ended = command.run(signals, started, self._request.kill_after)
        for sampler in samplers:
            sampler.stop()
        if ended.held:
            log(LOG_PIPE_HELD, run=self._kept.run_id, command=self._kept.command[0])
        self._catch_up(signals)
        watch.stop()
        self._end(ended)
        making.join(1.0)
        return ended, self._kept

    def _catch_up(self, signals: AwaitedSignals) -> None:
        """Wait until there are records of everything; somebody who cannot wait leaves the rest to who comes next."""
        began, said = time.monotonic(), False
        while not self._keeper.caught_up(0.05):
            received = signals.wait(0.05)
            if received is not None and received.number.name in DIRECTED:
                log(LOG_LINES_LEFT, run=self._kept.run_id, bytes=self._keeper.leave())
                return
            if not said and time.monotonic() - began > SILENT_SECONDS:
                said = True
                log(LOG_LINES_BEHIND, run=self._kept.run_id)

    def _end(self, ended: Ended) -> None:
        self._keeper.finish()
        noted = commands.command_of(self._place, self._kept.run_id)
        self._kept = replace(
            self._kept,
            exception=noted.exception if noted is not None else "",
            ended_us=_now(),
            exit_code=ended.code,
            signal=ended.signal.name if ended.signal else "",
            failure=ended.failure,
            lines=dict(self._keeper.records),
            lost=dict(self._keeper.lost),
        )
        self._keep_folder()
        self._note()
        self._carry()
        if self._process is not None:
            self._process.leave()
        for cause, count in self._kept.lost.items():
            log(LOG_LINES_LOST, run=self._kept.run_id, cause=cause, lines=count)
        if self._trouble:
            log(LOG_COMMAND_NOT_KEPT, run=self._kept.run_id, store=str(self._place), reason=self._trouble)

    def _variables(self) -> dict[str, str]:
        """What the command finds in its environment: ours, what was asked for, and which run it is."""
        request, own = self._request, self._kept
        variables = {
            **os.environ,
            **request.environment,
            "CORNERMAN_STORE": str(request.store),
            "CORNERMAN_RUN": own.run_id,
            "CORNERMAN_JOB": own.job,
            BRIDGE_VARIABLE: own.run_id,
        }
        variables.setdefault("PYTHONUNBUFFERED", "1")
        if request.frames:
            variables[key("producer.frames").environment] = request.frames
        return variables

    def _note(self) -> None:
        """Write down what is known of the command now, unless its run was deleted meanwhile."""
        if self._noted and commands.command_of(self._place, self._kept.run_id) is None:
            return
        try:
            commands.keep(self._place, self._kept)
            self._trouble, self._noted = "", True
        except OSError as error:
            self._trouble = f"{error.strerror or error}"

    def _carry(self) -> None:
        """Tell the other nodes of a store on a network how it ended."""
        if self._network.on_network:
            from cornerman.store.logs.copier import LogCopier

            LogCopier(self._network).close()

    def _make_store(self) -> None:
        """A database for readers, where there is none yet: on a thread, for it may be locked."""
        from cornerman.store.connection import create

        try:
            create(self._place).close()
        except (CornermanError, OSError) as error:
            self._trouble = self._trouble or str(error)

    def _keep_folder(self) -> None:
        """The run's manifest and script, unless its own recorder wrote them, which knows more."""
        from cornerman.core.payloads.run_manifest_v1 import RunManifestV1
        from cornerman.store import run_folder

        own = self._kept
        if commands.command_of(self._place, own.run_id) is None:
            return
        facts: dict[str, Any] = {"run_id": own.run_id, "job": own.job, "created_us": own.started_us}
        with contextlib.suppress(Exception):
            manifest = RunManifestV1(**facts, provenance=own.provenance)
            run_folder.keep(self._place, manifest, Inputs(_script(self._request.command)))


def default_job(command: tuple[str, ...]) -> str:
    """A name for a command: its script's, else the program's."""
    module = command[command.index("-m") + 1] if "-m" in command[1:-1] else ""
    script = next((word for word in command if word.endswith(_SCRIPTS)), "")
    return Path(script).stem or module or Path(command[0]).name or "command"


def end_like(ended: Ended) -> int:
    """Die of the signal that the command died of, so that a shell sees the same; else its exit code."""
    if ended.signal is None:
        return ended.code
    import resource
    import signal

    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the dump is the command's
        if ended.signal not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(ended.signal, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [ended.signal])
        os.kill(os.getpid(), ended.signal)
    return ended.code


def _script(command: tuple[str, ...]) -> list[Input]:
    """The script that a command names, as it is now."""
    for word in command:
        if word.endswith(_SCRIPTS) and Path(word).is_file():
            with contextlib.suppress(CornermanError):
                return [Input(SCRIPT, Path(word).name, read_input(str(Path(word).absolute())))]
    return []


def _interrupted(signals: AwaitedSignals, seconds: float) -> bool:
    """Whether somebody asks us to end, in the time before the next attempt."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        received = signals.wait(left)
        if received is not None and received.number.name in DIRECTED:
            return True
    return False


def _place(store: Path) -> Place:
    """Where the store is on this node; the folder itself, where that cannot be said."""
    try:
        place = place_of(store)
        if place.on_network:
            prepare(place)
        return place
    except CornermanError:
        return Place(store, store)


def _now() -> int:
    return time.time_ns() // 1000
