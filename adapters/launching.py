"""Launching programs that outlive the terminal: checked before anything starts, stopped and restarted from anywhere.

    launch = start(store, Wanted(("python", "train.py"), job="night", settings={"resources.cpus": "2"}))
    stop(store, launch)

A training command and a policy on an environment (`cornerman record ENV …`) are launched alike: commands, checked by
the validators that the command line has. No screen and no Gymnasium here; whoever checks an environment does so in a
process of its own.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cornerman.core.errors import CornermanError, InvalidOption, NotFound
from cornerman.core.ids import new_ulid
from cornerman.core.setting_costs import Cost, costs
from cornerman.core.setting_keys import KEYS, key
from cornerman.core.setting_sources import effective, read_layers
from cornerman.store.measured import measure

from .bridge.restarts import Restarts
from .launches import Launch, LaunchedRuns, Limits, file_of, launches, read, update, write

BEGIN_SECONDS = 5.0
"""How long a keeper may take to say that the program runs, or why it does not."""
_US = ("cornerman", "cornerman.exe")
RECORD = ("-m", "cornerman", "record")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be launched, as a person says it."""

    command: Sequence[str]
    job: str = ""
    cwd: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    """By key, for this program alone; as strong as environment variables."""
    environment: Mapping[str, str] = field(default_factory=dict)
    restart: str = ""
    """When it is started again by itself: see `bridge/restarts.py`."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What may be launched: how it will be started, its limits, and what is dear about its settings."""

    wanted: Wanted
    started: tuple[str, ...]
    environment: Mapping[str, str]
    limits: Limits
    warnings: tuple[Cost, ...]


def check(store: Path, wanted: Wanted) -> Checked:
    """Everything that can be known to be wrong before it starts; InvalidOption says what and the remedy.

    Takes a second where an environment has to be made to know.
    """
    values, variables = _settings(store, wanted)
    Restarts.parse(wanted.restart)
    cwd = Path(wanted.cwd or ".").absolute()
    if not cwd.is_dir():
        raise InvalidOption(f"There is no folder {cwd} to start in.", "Name another with --cwd.")
    started = _program(wanted.command, cwd)
    dear = _costs(store, values)
    refused = [cost for cost in dear if cost.stops]
    if refused:
        raise InvalidOption(
            f"Nothing would be recorded: {refused[0].key} = {values[refused[0].key]:,}, {refused[0].words}.",
            f"Give it more with --set {refused[0].key}=…, or make room.",
        )
    _check_recording(started, cwd, {**os.environ, **wanted.environment, **variables})
    limits = limits_of(values, launches(store))
    bridged = _bridged(started, wanted, limits)
    return Checked(wanted, bridged, {**wanted.environment, **variables}, limits, tuple(dear))


def start(store: Path, wanted: Wanted) -> Launch:
    """Check and start; back when the program runs, or could not begin."""
    return begin(store, check(store, wanted))


def begin(store: Path, checked: Checked) -> Launch:
    """Start what was checked. CornermanError where its keeper cannot begin."""
    wanted = checked.wanted
    launch = Launch(
        id=new_ulid(),
        command=tuple(wanted.command),
        started=checked.started,
        cwd=str(Path(wanted.cwd or ".").absolute()),
        job=wanted.job,
        restart=wanted.restart,
        settings=dict(wanted.settings),
        environment=dict(checked.environment),
        limits=checked.limits,
        created=time.time(),
        host=socket.gethostname(),
    )
    file = file_of(store, launch.id)
    write(file, launch)
    subprocess.run(
        [sys.executable, "-m", "cornerman.adapters.launched", str(file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        check=False,
    )
    return _begun(store, file)


def _begun(store: Path, file: Path) -> Launch:
    """The launch, once its program runs and has a run in the store."""
    until, runs = time.monotonic() + BEGIN_SECONDS, LaunchedRuns(store)
    while time.monotonic() < until:
        launch, command = read(file), runs.by_launch().get(file.stem)
        if reason := launch.reason or (command.failure if command else ""):
            update(file, reason=reason)
            raise CornermanError(f"It could not begin: {reason}.")
        if (command and command.pid) or launch.exit_code is not None:
            return update(file, job=command.job) if command and not launch.job else launch
        time.sleep(0.02)
    raise CornermanError(f"The process that keeps {file.stem} did not begin.", "`cornerman launch list` shows it.")


def limits_of(values: Mapping[str, Any], others: Sequence[Launch]) -> Limits:
    """The limits that the settings ask for; processors that no other launched program has are taken first."""
    there = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))
    taken = [number for other in others if other.alive for number in other.limits.processors]
    chosen = sorted(there, key=lambda number: (taken.count(number), number))[: values["resources.cpus"]]
    return Limits(tuple(sorted(chosen)), values["resources.memory_bytes"], values["resources.gpus"])


def stop(store: Path, launch: Launch) -> Launch:
    """Ask the program to end (SIGTERM); it finishes what it is doing."""
    return _signal(store, launch, signal.SIGTERM)


def kill(store: Path, launch: Launch) -> Launch:
    """End the program and all that it started, at once; what was recorded is safe."""
    return _signal(store, launch, signal.SIGKILL)


def restart(store: Path, launch: Launch, changes: Mapping[str, str] | None = None) -> Launch:
    """The same command again; a program that still runs is stopped first, and killed if it takes too long.

    `changes` are settings that differ this time.
    """
    settings = {**launch.settings, **(changes or {})}
    wanted = Wanted(launch.command, launch.job, launch.cwd, settings, _own(launch), launch.restart)
    checked = check(store, wanted)
    if launch.alive:
        stop(store, launch)
        values, _ = _settings(store, wanted)
        if not wait(store, launch, values["resources.stop_seconds"]):
            kill(store, launch)
            wait(store, launch, BEGIN_SECONDS)
    return begin(store, checked)


def wait(store: Path, launch: Launch, seconds: float) -> bool:
    """Whether it ended within that time."""
    until = time.monotonic() + seconds
    while read(file_of(store, launch.id)).alive:
        if time.monotonic() >= until:
            return False
        time.sleep(0.05)
    return True


def forget(store: Path, launch: Launch) -> None:
    """Remove what is remembered of a program that has ended."""
    if launch.alive:
        raise InvalidOption(f"{launch.id} runs.", "Stop it first.")
    for file in (store / "launches").glob(f"{launch.id}.*"):
        file.unlink(missing_ok=True)


def _signal(store: Path, launch: Launch, number: signal.Signals) -> Launch:
    launch = read(file_of(store, launch.id))
    if launch.state == "elsewhere":
        raise NotFound(f"{launch.id} runs on {launch.host}.", f"Do it there: `ssh {launch.host} cornerman launch …`.")
    if launch.state != "running":
        raise NotFound(f"{launch.id} does not run: it is {launch.state}.", "`cornerman launch list` shows what does.")
    changed = update(file_of(store, launch.id), stopped_by=number.name)
    for pid in _session(launch.pid) if number == signal.SIGKILL else (launch.pid,):
        with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
            os.kill(pid, number)
    return changed


def _session(leader: int) -> list[int]:
    """Every process of a session: the bridge, the program, and all they started that did not leave it."""
    found = [leader]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int(stat.parent.name)
            if int(stat.read_text().rpartition(")")[2].split()[3]) == leader and pid != leader:
                found.append(pid)
    return found


def _settings(store: Path, wanted: Wanted) -> tuple[dict[str, Any], dict[str, str]]:
    """The values in force for the program, and the variables that say so."""
    given = {name: key(name).parse(value, f"--set {name}") for name, value in wanted.settings.items()}
    variables = {KEYS[name].environment: str(wanted.settings[name]) for name in given}
    variables[KEYS["identity.store"].environment] = str(store)
    if wanted.job:
        variables[KEYS["identity.job"].environment] = str(key("identity.job").parse(wanted.job, "--job"))
    environ = {**os.environ, **wanted.environment, **variables}
    return effective(read_layers(environ=environ)), variables


def _costs(store: Path, values: Mapping[str, Any]) -> list[Cost]:
    """What is dear about the settings of a program."""
    return [cost for cost in costs(values, measure(store)) if cost.warning and not cost.key.startswith("view.")]


def _program(command: Sequence[str], cwd: Path) -> tuple[str, ...]:
    """The command with the program's full path; our own commands as this Python has them."""
    if not command or not command[0].strip():
        raise InvalidOption("There is no command to launch.", "For example python train.py; in a shell, after --.")
    name, *rest = command
    if name in _US:
        return (sys.executable, "-m", "cornerman", *rest)
    found = shutil.which(name if os.sep not in name else str(cwd / name))
    if found is None:
        there = os.sep in name and (cwd / name).exists()
        what = f"{name} may not be executed" if there else f"There is no program {name}"
        remedy = f"`chmod +x {name}`, or name its interpreter." if there else "Is its environment activated?"
        raise InvalidOption(f"{what}.", remedy)
    script = next((word for word in rest if not word.startswith("-")), "")
    if script.endswith(".py") and not any(word in ("-c", "-m") for word in rest) and not (cwd / script).exists():
        raise InvalidOption(f"There is no file {cwd / script}.", "Name the folder it is in with --cwd.")
    return (found, *rest)


def _bridged(started: tuple[str, ...], wanted: Wanted, limits: Limits) -> tuple[str, ...]:
    """Behind `cornerman run`, which keeps its lines, makes its run, and notes what it was given."""
    job = wanted.job
    if not job and started[1:4] == RECORD and len(started) > 4:
        job = started[4].rpartition(":")[2]  # as `cornerman record` names it
    noted = {
        "--job": job,
        "--restart": wanted.restart,
        "--cpus": str(len(limits.processors) or ""),
        "--memory": str(limits.memory_bytes or ""),
        "--gpus": "" if limits.gpus == "all" else limits.gpus,
    }
    options = [word for option, value in noted.items() if value for word in (option, value)]
    return (sys.executable, "-m", "cornerman", "run", *options, "--", *started)


def _check_recording(started: Sequence[str], cwd: Path, environ: Mapping[str, str]) -> None:
    """An environment, its arguments and a policy are checked by the command that will use them."""
    if started[1:4] != RECORD:
        return
    done = subprocess.run(
        [*started, "--check"], cwd=cwd, env=dict(environ), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        lines = [line.strip() for line in done.stderr.strip().splitlines() if not line.startswith("note:")]
        what = lines[0].removeprefix("cornerman: ") if lines else f"`cornerman record` says no ({done.returncode})."
        raise InvalidOption(what, " ".join(lines[1:]))


def _own(launch: Launch) -> dict[str, str]:
    """The variables that its user gave."""
    ours = {setting.environment for setting in KEYS.values()}
    return {name: value for name, value in launch.environment.items() if name not in ours}
