"""`cornerman doctor`: look at the store and this host, and say what to do about what is found."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from cornerman.core.errors import CornermanError, InvalidOption, StoreNotFound, StoreTooNew

from .. import exits, output, words
from ..chosen import chosen_store
from . import Subparsers, describe

DESCRIPTION = """
Look at the store and at this host: where the store is, on which file system,
how much room is left, who records into it, whether anything waits or is
damaged, and what the terminal and Python can do. Nothing is changed.

Each line begins with `ok`, `note` (good to know), `warn` (may cost you
something) or `FAIL` (does not work), and says what to do about it. The exit
code is 1 where something failed, 3 where the store cannot be used."""

EXAMPLES = """
  cornerman doctor                          the default store, and this host
  cornerman doctor --store /data/runs       another store
  cornerman doctor --quick                  do not read the whole database
  cornerman doctor --json | jq '.findings[] | select(.level == "fail")'"""

LOW_SPACE = 2_000_000_000
LARGE_WAL = 64 << 20
OPTIONAL = {
    "pygame": ("pictures of CartPole and CarRacing", 'pip install "gymnasium[classic-control]"'),
    "Box2D": ("CarRacing in the demo", 'pip install "gymnasium[box2d]"'),
    "pyarrow": ("export to Parquet", "pip install pyarrow"),
}
"""Packages that are not needed, what each brings, and how to have it."""


class Finding(NamedTuple):
    """One thing looked at: `level` is ok, note, warn or fail; a remedy wherever there is something to do."""

    level: str
    subject: str
    detail: str
    remedy: str = ""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "doctor", DESCRIPTION, EXAMPLES)
    parser.add_argument("--quick", action="store_true", help="check the database's structure only")


def run(args: argparse.Namespace) -> int:
    path = chosen_store(args)
    findings = [*_store(path, args.quick), *_host()]
    if args.json:
        output.print_json({"store": str(path), "findings": [finding._asdict() for finding in findings]})
    else:
        for finding in findings:
            _print(finding)
    failed = {finding.subject for finding in findings if finding.level == "fail"}
    return exits.STORE if "store" in failed else exits.PROBLEM if failed else exits.OK


def _print(finding: Finding) -> None:
    mark = finding.level.upper() if finding.level == "fail" else finding.level
    print(f"{mark:<4}  {finding.subject:<13}{output.harmless(finding.detail)}")
    if finding.remedy:
        print(f"{'':19}→ {finding.remedy}")


def _store(path: Path, quick: bool) -> Iterator[Finding]:
    """The store: what keeps it from being used ends the list, everything else is looked at."""
    from cornerman.store.network import place_of

    yield from _place(path)
    try:
        path = place_of(path).local
        yield from _format(path)
    except StoreNotFound as error:
        yield Finding("note", "store", error.what, error.remedy)
        return
    except CornermanError as error:
        yield Finding("fail", "store", error.what, error.remedy)
        return
    for check in (_room, _recording, _waiting, _log):
        yield check(path)
    yield from _log_records(path, quick)
    yield _integrity(path, quick)


def _place(path: Path) -> Iterator[Finding]:
    from cornerman.store.filesystem import filesystem_of

    yield Finding("ok", "path", str(path))
    mount = filesystem_of(path)
    if mount.network:
        yield Finding("ok", "file system", f"{mount.type} at {mount.mount_point}, reached over a network")
        yield from _local(path)
    else:
        yield Finding("ok", "file system", f"{mount.type} at {mount.mount_point}, local")


def _local(path: Path) -> Iterator[Finding]:
    """Where the database of a store on a network is."""
    from cornerman.store.logs.copied import copied
    from cornerman.store.network import NoLocalDisk, place_of

    try:
        place = place_of(path)
    except NoLocalDisk:
        return  # the store's own line says it
    yield Finding("ok", "database", f"on this node, in {place.local}; other nodes read the copies")
    for item in copied(place):
        if item.amiss:
            yield Finding("warn", "log copies", item.amiss, "`cornerman verify` names the file.")
        else:
            yield Finding("ok", "log copies", str(item).rstrip("."))


def _format(path: Path) -> Iterator[Finding]:
    from cornerman.store.connection import FORMAT
    from cornerman.store.health import store_format

    found = store_format(path)
    if found > FORMAT:
        error = StoreTooNew(path, found, FORMAT)
        yield Finding("warn", "format", error.what, error.remedy)
    else:
        yield Finding(
            "ok", "format", f"{found}" + (f", upgraded to {FORMAT} when next recorded into" * (found < FORMAT))
        )
    if not os.access(path, os.W_OK):
        yield Finding("warn", "access", "you may read it, not write it", "Record with another --store.")


def _room(path: Path) -> Finding:
    from cornerman.store.filesystem import free_bytes
    from cornerman.store.health import database_bytes

    free = free_bytes(path)
    detail = f"{output.size(free)} free; the database takes {output.size(database_bytes(path))}"
    if free < LOW_SPACE:
        return Finding("warn", "space", detail, "Free some disk, or `cornerman delete` runs you no longer need.")
    return Finding("ok", "space", detail)


def _recording(path: Path) -> Finding:
    from cornerman.store.health import journals

    pids = [str(journal.pid or "?") for journal in journals(path) if journal.alive]
    if not pids:
        return Finding("ok", "recording", "no process records into it now")
    return Finding("ok", "recording", f"{len(pids)} processes record into it now: pid {', '.join(pids)}")


def _waiting(path: Path) -> Finding:
    from cornerman.store.health import journals

    left = [journal for journal in journals(path) if not journal.alive and journal.segments]
    if not left:
        return Finding("ok", "journal", "nothing waits to be sealed")
    size = output.size(sum(journal.bytes for journal in left))
    return Finding(
        "note",
        "journal",
        f"{len(left)} processes ended without sealing their last steps ({size}); they are kept, and can be read",
        "Nothing to do: the next recording into this store seals them.",
    )


def _log(path: Path) -> Finding:
    from cornerman.store.health import wal_bytes

    size = wal_bytes(path)
    if size > LARGE_WAL:
        return Finding(
            "warn",
            "write log",
            f"{output.size(size)}, which is large",
            "End a program that keeps the store open to read.",
        )
    return Finding("ok", "write log", output.size(size))


def _log_records(path: Path, quick: bool) -> Iterator[Finding]:
    """The log records: how many, whether some wait, were lost, or cannot be read."""
    from cornerman.core.logs.port import Damaged
    from cornerman.store.logs.check import LogState, damaged, file_problems
    from cornerman.store.logs.database import MOVE_AWAY
    from cornerman.store.logs.ingest import AFTER_DELETE

    try:
        state, problems = LogState(path), file_problems(path, thorough=not quick)
        damage = damaged(path) if not quick else Damaged()
    except CornermanError as error:
        yield Finding("fail", "log records", error.what, error.remedy)
        return
    detail = f"{state.records:,} in {output.size(state.bytes)}, of {state.kinds:,} kinds"
    if problems:
        yield Finding("fail", "log records", "; ".join(problems), MOVE_AWAY)
    elif state.waiting:
        detail += f"; {output.size(state.waiting)} wait in the spool"
        remedy = "Nothing to do: whoever opens the store next brings them in."
        if state.newer:
            remedy = f"{state.newer} spools are of a newer Cornerman: only that brings them in."
        yield Finding("note", "log records", detail, remedy)
    else:
        yield Finding("ok", "log records", detail)
    if damage != Damaged():
        remedy = "All others are read. `cornerman verify` says which; a backup of logs.db may have them."
        yield Finding("fail", "log records", words.damaged(damage), remedy)
    if unwanted := state.lost.pop(AFTER_DELETE, 0):
        yield Finding("note", "log records", f"{unwanted:,} came after their run was deleted, and went, too", "")
    if state.lost:
        lost = ", ".join(f"{count:,} ({cause})" for cause, count in state.lost.items())
        yield Finding("warn", "log records", f"not kept: {lost}", "Free some disk; `cornerman logs --code LOG1250`.")


def _integrity(path: Path, quick: bool) -> Finding:
    from cornerman.store.health import integrity

    try:
        problems = integrity(path, thorough=not quick)
    except CornermanError as error:
        problems = [error.what]
    if problems:
        remedy = "Stop recording into it, copy the folder, then `cornerman export` what can still be read."
        return Finding("fail", "integrity", "; ".join(problems), remedy)
    return Finding(
        "ok", "integrity", "structure intact" if quick else "every page intact; `cornerman verify` reads the data"
    )


def _host() -> Iterator[Finding]:
    for check in (_versions, _terminal, _settings):
        yield from check()
    for package, (brings, remedy) in OPTIONAL.items():
        if find_spec(package) is None:
            yield Finding("note", "optional", f"{package} is not installed: no {brings}", remedy)


def _versions() -> Iterator[Finding]:
    from cornerman import __version__

    yield Finding("ok", "cornerman", f"{__version__}, {Path(__file__).parents[2]}")
    python = f"{platform.python_version()} at {sys.executable}, {platform.system()} {platform.release()}"
    yield Finding("ok", "python", python)
    names = ("apsw", "gymnasium", "numpy", "textual", "zstandard")
    yield Finding("ok", "packages", ", ".join(f"{name} {_version(name)}" for name in names))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "MISSING"


def _terminal() -> Iterator[Finding]:
    if not sys.stdout.isatty():
        yield Finding("ok", "terminal", "this output is none; the commands work without")
        return
    width, height = shutil.get_terminal_size()
    detail = f"{os.environ.get('TERM', 'no TERM')}, {width}x{height}, {_colours()}"
    if width < 80 or height < 24:
        yield Finding("warn", "terminal", detail, "Make it at least 80x24 for the screens.")
    else:
        yield Finding("ok", "terminal", detail)


def _colours() -> str:
    if os.environ.get("NO_COLOR"):
        return "no colour (NO_COLOR)"
    if os.environ.get("COLORTERM") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in os.environ.get("TERM", "") else "colours unknown"


def _settings() -> Iterator[Finding]:
    from cornerman.core.setting_sources import config_files, read_layers, user_config_file
    from cornerman.core.variables import misspelt

    problems: list[InvalidOption] = []
    read_layers(on_problem=problems.append)
    files = config_files(os.environ)
    where = ", ".join(map(str, files)) if files else f"all at their defaults; {user_config_file()} would be read"
    yield Finding("ok", "settings", where)
    for problem in problems:
        yield Finding("fail", "settings", problem.what, problem.remedy)
    for variable in misspelt(os.environ):
        yield Finding("warn", "settings", variable.what, variable.remedy)
