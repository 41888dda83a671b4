"""Log records between nodes: what it costs to carry them to a network folder, and to bring them into another database.

In bulk (sealed blocks, byte for byte) and as they come, a hundred at a time. Both nodes and the folder are on this
machine's disk: a server adds its own time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from cornerman.store import copy_sweep
from cornerman.store.filesystem import FileSystem
from cornerman.store.logs.copier import LogCopier
from cornerman.store.logs.replica import LogReplica
from cornerman.store.logs.writer import Writer
from cornerman.store.network import Place

from .figures import Figure
from .log_lines import records

BULK, QUICK_BULK = 200_000, 50_000
ROUNDS, EACH = 20, 100


def measure(quick: bool, folder: Path, part: str) -> Iterator[Figure]:
    yield from _measured(folder / "bulk", 3, QUICK_BULK if quick else BULK, 1, "bulk")
    yield from _measured(folder / "few", 3, EACH, ROUNDS, "a hundred at a time")


def _measured(folder: Path, repetitions: int, count: int, rounds: int, name: str) -> Iterator[Figure]:
    carried, brought, sizes = [], [], []
    for number in range(repetitions):
        here, there = _place(folder / str(number), "here"), _place(folder / str(number), "there")
        writer, copier, replica = Writer(here.local, thread=False), LogCopier(here), LogReplica(there)
        lines = records(count * rounds)
        out = into = 0.0
        for _ in range(rounds):
            for _ in range(0, count, 1000):
                writer.append(islice(lines, min(count, 1000)))
            writer.ingest()
            out += _cpu(copier.round)
            into += _cpu(replica.refresh)
        writer.close()
        carried.append(1e6 * out / count / rounds)
        brought.append(1e6 * into / count / rounds)
        sizes.append(copy_sweep.size(here.copies) / count / rounds)
    yield Figure(part="copies", name=f"carry, {name}", unit="µs a record", values=tuple(carried))
    yield Figure(part="copies", name=f"bring, {name}", unit="µs a record", values=tuple(brought))
    yield Figure(part="copies", name=f"on the network, {name}", unit="B a record", values=tuple(sizes))


def _place(folder: Path, node: str) -> Place:
    local = folder / node
    local.mkdir(parents=True, exist_ok=True)
    (folder / "shared").mkdir(exist_ok=True)
    return Place(folder / "shared", local, FileSystem("nfs4", str(folder / "shared"), "bench"))


def _cpu(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began
