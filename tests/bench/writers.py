"""Eight processes record into one store at once: what a step costs each of them, and that nothing is lost.

Every process takes turns between a bare and a recorded environment, so both feel the same crowd.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import cornerman
from cornerman.core.records import LedgerRow

from .environments import case
from .figures import Figure, Skipped
from .loop import WARM, Steps, over_bare, timed_steps

PROCESSES = 8


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    store, steps, turns = scratch / "writers", 5_000 if quick else 20_000, 2 if quick else 5
    command = [sys.executable, "-m", "bench.writers", str(store), str(steps), str(turns)]
    running = [
        subprocess.Popen([*command, str(seed), str(scratch / f"{seed}.npz")], stdout=subprocess.PIPE, text=True)
        for seed in range(PROCESSES)
    ]
    answers = [json.loads(process.communicate()[0]) for process in running]
    bare, ours = [], []
    for seed in range(PROCESSES):
        with np.load(scratch / f"{seed}.npz") as found:
            bare.append(Steps(found["bare"], found["bare_stalls"].tolist()))
            ours.append(Steps(found["ours"], found["ours_stalls"].tolist()))
    yield from over_bare(f"{PROCESSES} processes", bare, ours)
    yield from _kept(store, sum(answer["steps"] for answer in answers))


def _kept(store: Path, steps: int) -> Iterator[Figure]:
    with cornerman.open_store(store) as opened:
        runs = opened.runs()
        stored = sum(run.step_count for run in runs)
        ledgers = [run.ledger() for run in runs]
    lost = steps - sum(ledger.stored for ledger in ledgers)
    name = f"{PROCESSES} processes"
    yield Figure(part=name, name="steps taken", unit="", values=(steps,))
    yield Figure(part=name, name="steps lost", unit="", values=(lost,), limit=0)
    yield Figure(part=name, name="steps dropped, by the ledger", unit="", values=(_dropped(ledgers),), limit=0)
    yield Figure(part=name, name="steps taken less step_count", unit="", values=(steps - stored,), limit=0)


def _dropped(ledgers: list[LedgerRow]) -> int:
    return sum(sum(ledger.dropped.values()) for ledger in ledgers)


def main(store: str, steps: str, turns: str, seed: str, answer: str) -> None:
    """One of the processes."""
    one = case("CartPole-v1")
    bare, ours = [], []
    for turn in range(int(turns)):
        bare.append(timed_steps(one, int(steps), int(seed) + turn, None))
        ours.append(timed_steps(one, int(steps), int(seed) + turn, Path(store)))
    np.savez(
        answer,
        bare=np.concatenate([found.wall for found in bare]),
        ours=np.concatenate([found.wall for found in ours]),
        bare_stalls=np.array([stall for found in bare for stall in found.stalls], np.int64),
        ours_stalls=np.array([stall for found in ours for stall in found.stalls], np.int64),
    )
    print(json.dumps({"steps": (int(steps) + WARM) * int(turns)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
