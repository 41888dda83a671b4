"""A process that records is killed with SIGKILL, again and again; what it had got back from `env.step` is looked for.

The child counts in a mapped file of its own, which survives it as the journal does. A fresh reader must find as many
steps as were counted, or one more: the kill may come between the recording of a step and its count.
"""

from __future__ import annotations

import mmap
import random
import struct
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

from cornerman.core.errors import CornermanError
from cornerman.store.api import open_store
from cornerman.store.health import integrity

from .children import Child
from .result import Bench, Result

PROMISE = "a step that env.step returned survives kill -9"
START_SECONDS = 30.0
REMEDY = (
    "Keep the store as it is, and send in the output of `cornerman selftest --json` with the kind of its file system."
)


@dataclass
class Kill:
    """One kill: what was acknowledged, what was found from the journal and after recovery, and what is wrong."""

    acknowledged: int
    before: int = 0
    after: int = 0
    problems: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        return max(self.acknowledged - min(self.before, self.after), 0)

    @property
    def doubled(self) -> int:
        """One step more than was acknowledged is the one that was under way."""
        return max(max(self.before, self.after) - self.acknowledged - 1, 0)


def check(bench: Bench) -> Result:
    rounds, at_once = (1, 2) if bench.quick else (4, 2)
    kills: list[Kill] = []
    for number in range(rounds):
        stores = [bench.scratch / f"killed-{number}-{one}" for one in range(at_once)]
        counted = kill_all(bench.env_id, stores)
        kills += [found(store, count) for store, count in zip(stores, counted, strict=True)]
    lost, doubled = sum(kill.lost for kill in kills), sum(kill.doubled for kill in kills)
    problems = [problem for kill in kills for problem in kill.problems]
    total = sum(kill.acknowledged for kill in kills)
    said = [
        f"{len(kills)} recording processes were killed with SIGKILL; they had got {total:,} steps back from env.step.",
        f"A fresh reader found {sum(kill.before for kill in kills):,} in what they left, and"
        f" {sum(kill.after for kill in kills):,} after recovery: {lost:,} lost, {doubled:,} doubled.",
        *problems[:5],
    ]
    if not problems:
        said.append("Each store opened; its ledger adds up, SQLite finds its file whole, every chunk decodes.")
    holds = not (lost or doubled or problems)
    figures = {"kills": [asdict(kill) for kill in kills], "lost": lost, "doubled": doubled, "acknowledged": total}
    return Result("killed", PROMISE, holds, tuple(said), figures, "" if holds else REMEDY)


def kill_all(env_id: str, stores: list[Path]) -> list[int]:
    """Have a child record into each store, kill each at a moment of its own; how many steps each had acknowledged."""
    counts, running = list[mmap.mmap](), list[Child]()
    with ExitStack() as stack:
        for store in stores:
            counter = store.with_suffix(".count")
            counter.write_bytes(bytes(8))
            with counter.open("r+b") as file:
                counts.append(stack.enter_context(mmap.mmap(file.fileno(), 8)))
            running.append(stack.enter_context(Child("killed", env_id, str(store), str(counter))))
        for child, count in zip(running, counts, strict=True):
            _wait_for_steps(child, count)
        for child in running:
            time.sleep(random.uniform(0.02, 0.3))
            child.process.kill()
            child.process.wait()
        return [_counted(count) for count in counts]


def _counted(count: mmap.mmap) -> int:
    return int(struct.unpack_from("<Q", count)[0])


def _wait_for_steps(child: Child, count: mmap.mmap) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not _counted(count):
        if child.process.poll() is not None or time.monotonic() > deadline:
            raise CornermanError("A child that was to record did not get to its first step.", child.complaint())
        time.sleep(0.002)


def found(store: Path, acknowledged: int) -> Kill:
    """What a fresh reader finds of a killed process's steps: from its journal, and after recovery."""
    kill = Kill(acknowledged)
    try:
        with open_store(store, read_only=True) as opened:
            kill.before = opened.run().step_count
        with open_store(store) as opened:
            run = opened.run()
            kill.after = run.step_count
            problems = [] if run.ledger().balanced else [f"The ledger of {store.name} does not add up: {run.ledger()}."]
            problems += [f"{store.name}: {finding}" for finding in opened.verify()]
        problems += [f"{store.name}: SQLite says {line}" for line in integrity(store)]
    except CornermanError as error:
        problems = [f"{store.name} cannot be read: {error}"]
    kill.problems = tuple(problems)
    return kill
