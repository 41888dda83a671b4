"""What was launched, remembered in the store's folder so that any terminal of the host can stop it.

    <store>/launches/<id>.json      command, folder, settings, limits; pid and how it ended, once known

What it writes is kept by `cornerman run`, behind which it is started: its lines are log records of its run. A file is
replaced whole. Its owner alone may read it: a command line may hold a password.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from cornerman.core.errors import CornermanError, NotFound
from cornerman.core.logs.filter import LogFilter, Term
from cornerman.core.near import did_you_mean
from cornerman.core.run_command import RunCommand
from cornerman.store.api import open_store
from cornerman.store.commands import commands
from cornerman.store.liveness import boot_id
from cornerman.store.network import place_of

FOLDER = "launches"
VARIABLE = "CORNERMAN_LAUNCH"
"""Tells the recorder which launch it is part of, so that its runs are found."""

State = Literal["starting", "running", "ended", "failed", "lost", "elsewhere"]
"""ended: by itself or stopped · failed: with an exit code, or could not begin · lost: nobody saw how it ended ·
elsewhere: another host's."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use; empty and 0 are no limit."""

    processors: tuple[int, ...] = ()
    memory_bytes: int = 0
    gpus: str = "all"


@dataclass(frozen=True, slots=True)
class Launch:
    """One program that was launched."""

    id: str
    command: tuple[str, ...]
    """As its user gave it."""
    started: tuple[str, ...]
    """As it was started: with the full path, behind the bridge."""
    cwd: str
    job: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    """What was given for it alone, by key."""
    environment: dict[str, str] = field(default_factory=dict)
    """Variables it has beside those of the terminal that launched it."""
    limits: Limits = Limits()
    created: float = 0.0
    host: str = ""
    pid: int = 0
    birth: str = ""
    """Boot and start time of the process: a pid alone is used again."""
    keeper: str = ""
    """The same of the process that waits for it, behind its pid."""
    exit_code: int | None = None
    ended: float | None = None
    reason: str = ""
    """Why it could not begin."""
    stopped_by: str = ""
    """The signal it was sent from here."""
    restart: str = ""
    """When it is started again by itself, as `cornerman run --restart` has it; '' is never."""

    @property
    def state(self) -> State:
        if self.reason:
            return "failed"
        if self.exit_code is not None:
            return "failed" if self.exit_code and not self.stopped_by else "ended"
        if self.host != socket.gethostname():
            return "elsewhere"
        if self.pid and born(self.pid) == self.birth:
            return "running"
        pid, _, birth = self.keeper.partition("@")
        if pid and born(int(pid)) == birth:
            return "running" if self.pid else "starting"
        return "lost"

    @property
    def alive(self) -> bool:
        return self.state in ("starting", "running")


def born(pid: int) -> str:
    """Boot and start time of a living process; '' where there is none, or only its remains."""
    try:
        kind, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError):
        return _born_without_proc(pid)
    return "" if kind in "ZX" else f"{boot_id()}:{rest[18]}"


def _born_without_proc(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return ""
    try:
        os.kill(pid, 0)
    except OSError:
        return ""
    return f"{boot_id()}:0"


def file_of(store: Path, launch_id: str) -> Path:
    return store / FOLDER / f"{launch_id}.json"


def write(file: Path, launch: Launch) -> None:
    """Replace the file, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    with contextlib.suppress(FileNotFoundError):
        aside.unlink()
    with open(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        json.dump(asdict(launch), out, indent=1)
    aside.replace(file)


def update(file: Path, **changes: Any) -> Launch:
    """Change a launch that is there, one program at a time: its keeper and who stops it may both be at it."""
    with open(file.with_name(".lock"), "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        launch = replace(read(file), **changes)
        write(file, launch)
    return launch


def read(file: Path) -> Launch:
    """ValueError where the file is no launch; what a newer version added is passed over."""
    content = json.loads(file.read_text(encoding="utf-8"))
    known: dict[str, Any] = {name: value for name, value in content.items() if name in _FIELDS}
    limits: dict[str, Any] = known["limits"]
    known["limits"] = Limits(tuple(limits["processors"]), limits["memory_bytes"], limits["gpus"])
    known["command"], known["started"] = tuple(known["command"]), tuple(known["started"])
    return Launch(**known)


_FIELDS = {one.name for one in fields(Launch)}


def launches(store: Path) -> list[Launch]:
    """Every launch that can be read, the newest first."""
    found = []
    for file in sorted((store / FOLDER).glob("*.json"), reverse=True):
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            found.append(read(file))
    return found


def named(store: Path, name: str) -> Launch:
    """The launch of this id, of which the beginning or the end is enough, or of this job; `latest` is the newest."""
    known = launches(store)
    if name == "latest" and known:
        return known[0]
    found = [one for one in known if one.id.startswith(name) or one.id.endswith(name)]
    found = found or [one for one in known if one.job == name][:1]
    if len(found) == 1:
        return found[0]
    what = f"{name!r} may be any of {len(found)} launches." if found else f"There is no launch {name!r}."
    if not known:
        raise NotFound("Nothing was launched from this store.", "`cornerman launch start -- COMMAND …` does.")
    meant = "" if found else did_you_mean(name, [one.job for one in known if one.job])
    raise NotFound(what, f"{meant} `cornerman launch list` shows them all.".strip())


class LaunchedRuns:
    """The runs of launches; files that have not changed are not read again."""

    def __init__(self, store: Path) -> None:
        self._store = store
        self._known: dict[str, tuple[Any, RunCommand]] = {}

    def by_launch(self) -> dict[str, RunCommand]:
        """The newest run of each launch, as far as its bridge has made one."""
        found = commands(place_of(self._store).local, self._known).values()
        ordered = sorted(found, key=lambda command: command.started_us)
        return {str(command.provenance["launch"]): command for command in ordered if command.provenance.get("launch")}


def last_lines(store: Path, run_id: str, count: int) -> list[str]:
    """The last lines that a run's command wrote, as it wrote them."""
    chosen = LogFilter((Term("run", run_id),))
    try:
        with open_store(store, read_only=True) as opened:
            records = [entry.record for entry in opened.logs.page(chosen, limit=count)]
    except CornermanError:
        return []
    return [part for record in records for part in (record.raw or record.message).splitlines()][-count:]
