"""`cornerman demo`: three real environments learn and are recorded, while the terminal shows them."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from cornerman.core.errors import CornermanError, InvalidOption, NotFound, StoreNotFound

from .. import exits, output
from ..chosen import chosen_store
from . import Subparsers, describe

DESCRIPTION = """
Three real environments learn or act, in a process of their own, and every step
is recorded while you watch:

  demo-frozenlake  a board: FrozenLake, learnt by tabular Q-learning in about
                   half a minute
  demo-cartpole    numbers: eight CartPoles as one vector environment, learnt
                   by the cross-entropy method
  demo-carracing   pixels: CarRacing, driven by what it sees; something smaller
                   where Box2D or pygame is missing

Leave the screens with q: the training stops, and what was recorded stays in
the store."""

EXAMPLES = """
  cornerman demo                          watch until you quit
  cornerman demo --store /tmp/demo        not among your own runs
  cornerman demo --headless --seconds 20  no screens: record for 20 seconds
  cornerman delete demo-carracing --yes   remove what it recorded"""

PATIENCE = 10.0
"""Seconds that the child gets to close its environments before it is killed; what it recorded is safe either way."""


def add(subparsers: Subparsers) -> None:
    parser = describe(subparsers, "demo", DESCRIPTION, EXAMPLES)
    parser.add_argument("--headless", action="store_true", help="no screens: lines of text, and a table at the end")
    parser.add_argument("--seconds", type=float, metavar="N", help="stop after N seconds (default: when you quit)")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="of the environments and the learners")


def run(args: argparse.Namespace) -> int:
    from cornerman.store import connection, filesystem

    path = chosen_store(args)
    if args.seconds is not None and not args.seconds > 0:
        raise InvalidOption(f"--seconds cannot be {args.seconds:g}.", "For example --seconds 20.")
    if not args.headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InvalidOption(
            "The screens need a terminal, and this output is not one.", "Add --headless; over SSH use `ssh -t`."
        )
    if not filesystem.filesystem_of(path).network:
        connection.create(path).close()
    before = _run_ids(path)
    code = _headless(args, path, before) if args.headless else _on_screen(args, path, before)
    _summarize(args, path, before)
    return code


def _on_screen(args: argparse.Namespace, path: Path, before: set[str]) -> int:
    output.say("Starting three environments …")
    with _training(path, args.seed, args.seconds) as (child, talk):
        from ..opening import open_screens, preload

        preload()  # while the child starts
        _wait_for_runs(child, talk, path, before)
        code = open_screens(path)
    return code


def _headless(args: argparse.Namespace, path: Path, before: set[str]) -> int:
    from cornerman.adapters.stopping import StopSignals

    until = time.monotonic() + (args.seconds or float("inf"))
    with StopSignals() as stop, _training(path, args.seed, args.seconds) as (child, talk):
        _wait_for_runs(child, talk, path, before)
        output.say(Path(talk.name).read_text(errors="replace").strip())
        said = time.monotonic()
        while not stop.received and time.monotonic() < until and child.poll() is None:
            time.sleep(0.1)
            if time.monotonic() - said >= 5:
                said = time.monotonic()
                output.say(_pulse(path, before))
        if child.poll():
            raise _failed(child, talk)
    return 128 + int(stop.received) if stop.received else exits.OK


@contextmanager
def _training(path: Path, seed: int, seconds: float | None) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """The child, for as long as the block runs; then asked to stop, and if it does not, made to.

    `-P` keeps the current folder off its path: a `random.py` that lies there must not become ours. A session of its
    own keeps the terminal's Ctrl-C away from it.
    """
    command = [sys.executable, "-P", "-m", "cornerman.adapters.demo", "--store", str(path), "--seed", str(seed)]
    command += ["--seconds", str(seconds)] if seconds else []
    with tempfile.NamedTemporaryFile(prefix="cornerman-demo-", suffix=".log") as talk:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=talk, stderr=talk, start_new_session=True)
        try:
            yield child, talk
        finally:
            _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGTERM)
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _wait_for_runs(child: subprocess.Popen[bytes], talk: IO[bytes], path: Path, before: set[str]) -> None:
    """Until something is there to look at; the screens would otherwise open on an empty list."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not _run_ids(path) - before:
        if child.poll() is not None:
            raise _failed(child, talk)
        time.sleep(0.05)


def _failed(child: subprocess.Popen[bytes], talk: IO[bytes]) -> CornermanError:
    lines = Path(talk.name).read_text(errors="replace").strip().splitlines()
    why = lines[-1] if lines else f"exit code {child.returncode}"
    return CornermanError(f"The demo's training stopped: {why}.", "`cornerman doctor` checks this host.")


def _run_ids(path: Path) -> set[str]:
    return {summary.run_id for summary in _summaries(path)}


def _summaries(path: Path) -> list[Any]:
    from cornerman.store.api import open_store

    try:
        with open_store(path, read_only=True) as store:
            return [run.summary() for run in store.runs()]
    except (StoreNotFound, NotFound):
        return []


def _new(path: Path, before: set[str]) -> list[Any]:
    """The demo's own runs, first made first."""
    new = [run for run in _summaries(path) if run.run_id not in before and run.job.startswith("demo-")]
    return sorted(new, key=lambda run: run.started_us)


def _pulse(path: Path, before: set[str]) -> str:
    return " · ".join(
        f"{run.job.removeprefix('demo-')} {run.step_count:,} steps, return {output.number(run.last_return)}"
        for run in _new(path, before)
    )


def _summarize(args: argparse.Namespace, path: Path, before: set[str]) -> None:
    """Where the recording is, and what to do with it."""
    from .runs import as_json

    runs = _new(path, before)
    if args.json:
        output.print_json({"store": str(path), "runs": list(map(as_json, runs))})
        return
    rows = [(run.job, f"{run.step_count:,}", f"{run.episode_count:,}", output.size(run.bytes)) for run in runs]
    if rows:
        output.print_table(("JOB", "STEPS", "EPISODES", "SIZE"), rows, right=(1, 2, 3))
    named = f" --store {args.store}" if args.store else ""
    output.say(f"""
Every step of it is in {path}. What next:
  cornerman{named}                         replay any step of any episode
  cornerman runs{named}                    the list, without screens
  cornerman show demo-frozenlake{named}    one run in words
  cornerman sql{named} "select job, count(*), max(total_reward) from episode group by job"
In your own training script: env = cornerman.record(env)""")
