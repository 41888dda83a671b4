"""The commands that `cornerman run` ran, and programs that an exception ended: `commands/<run_id>.json` beside the
database, one file each.

Files, not rows: a run must be there, and its end, while the database is locked, full or damaged, and whoever runs a
command must never wait for it. Each is replaced as a whole, so a reader sees the old one or the new one.
`<run_id>.copied.json` are those that another node of a store on a network ran.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from cornerman.core.records import RunState
from cornerman.core.run_command import RunCommand
from cornerman.core.run_inputs import safe_name
from cornerman.core.whole_file import replace_file

from .liveness import alive

COMMANDS = "commands"
_OWN, _COPIED = ".json", ".copied.json"
_DECODER = msgspec.json.Decoder(RunCommand)


def keep(store: Path, command: RunCommand) -> None:
    """Write what is known of a command now. OSError where it cannot be written."""
    content = msgspec.json.format(msgspec.json.encode(command, enc_hook=str), indent=2)
    replace_file(_place(store, command.run_id), content)


def keep_copy(store: Path, run_id: str, content: bytes) -> None:
    """Write what another node knows of its command. OSError where it cannot be written."""
    replace_file(_place(store, run_id, _COPIED), content)


def command_of(store: Path, run_id: str) -> RunCommand | None:
    """The command of a run; None where it was not run by us."""
    return _read(_place(store, run_id)) or _read(_place(store, run_id, _COPIED))


def own(store: Path) -> Iterator[tuple[int, Path]]:
    """The files of the commands that this node ran, and when each was written, in nanoseconds since 1970."""
    with contextlib.suppress(OSError):
        for entry in os.scandir(store / COMMANDS):
            if entry.name.endswith(_OWN) and not entry.name.endswith(_COPIED):
                yield entry.stat().st_mtime_ns, Path(entry.path)


def commands(store: Path, known: dict[str, tuple[Any, RunCommand]]) -> dict[str, RunCommand]:
    """All commands by run. `known` is the caller's memory of files that have not changed since."""
    found: dict[str, tuple[Any, RunCommand]] = {}
    with contextlib.suppress(OSError):
        for entry in os.scandir(store / COMMANDS):
            if entry.name.endswith(".json"):
                status = entry.stat()
                mark = (status.st_mtime_ns, status.st_ino)
                before = known.get(entry.name)
                command = before[1] if before is not None and before[0] == mark else _read(Path(entry.path))
                if command is not None:
                    found[entry.name] = (mark, command)
    known.clear()
    known.update(found)
    return {command.run_id: command for _, command in found.values()}


def version(store: Path) -> int:
    """Equal to what it was while no command begins or ends."""
    try:
        return os.stat(store / COMMANDS).st_mtime_ns
    except OSError:
        return 0


def remove(store: Path, run_id: str) -> None:
    _place(store, run_id).unlink(missing_ok=True)
    remove_copy(store, run_id)


def copied(store: Path, run_id: str) -> bool:
    """Whether another node ran this run's command."""
    return _place(store, run_id, _COPIED).exists()


def remove_copy(store: Path, run_id: str) -> None:
    """Forget what another node said of its command."""
    _place(store, run_id, _COPIED).unlink(missing_ok=True)


def state_of(store: Path, command: RunCommand, streams: RunState | None) -> RunState:
    """The state of a run with its command: while that lives the run does; its end outweighs that of its streams."""
    if command.ended_us is None and alive(store, command.process):
        return streams if streams in ("live", "stale") else "live"
    if streams in ("live", "stale"):
        return streams
    if command.ended_us is None:  # the bridge is gone and did not see it; its own recorder may have
        return "failed" if command.exception else streams or "interrupted"
    if command.signal:
        return "interrupted"
    return "failed" if command.exit_code else streams or "done"


def decoded(content: bytes) -> RunCommand | None:
    """The command that a file holds; None for a later version's."""
    try:
        return _DECODER.decode(content)
    except msgspec.DecodeError:
        return None


def _read(place: Path) -> RunCommand | None:
    try:
        return decoded(place.read_bytes())
    except OSError:  # gone
        return None


def _place(store: Path, run_id: str, suffix: str = _OWN) -> Path:
    return store / COMMANDS / f"{safe_name(run_id)}{suffix}"
