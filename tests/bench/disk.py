"""Bytes on disk for each step: the whole store folder after the stream was closed and the log checkpointed.

A store has some 400 kB of empty tables and of our own schemas; the recordings are long enough that they weigh little,
with `--quick` they do.
Each recording is made by a process of its own that leaves in the ordinary way. Random actions: episodes are as short,
and their rows weigh as much, as they ever do.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cornerman
from cornerman.store.connection import connect

from .environments import CASES, case, drawn, driver
from .figures import Figure, Skipped

REPETITIONS = 2


class Room(NamedTuple):
    """What a recording may take: in bytes a step, or as a share of what the environment returned."""

    steps: int
    limit: float | None = None
    goal: float | None = None
    raw: int = 0
    """Bytes of an observation where the limit is a percentage of it."""


ROOM = {
    "CartPole-v1": Room(400_000, 22, 18),
    "FrozenLake-v1": Room(200_000),
    "HalfCheetah-v5 no info": Room(200_000, 165, 154),
    "HalfCheetah-v5 with info": Room(200_000, 195),
    "Pong raw": Room(40_000, 0.16, 0.07, 210 * 160 * 3),
    "native CartPole x8": Room(20_000),
    "native CartPole x64": Room(4_000),
}


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    for one in CASES:
        room = ROOM.get(one.name)
        if room is None or part.lower() not in one.name.lower():
            continue
        if one.missing:
            yield Skipped(one.name, one.missing)
            continue
        steps = room.steps // 4 if quick else room.steps
        yield from _figures(one.name, room, [_recorded(one.name, steps, seed, scratch) for seed in range(REPETITIONS)])


def _figures(name: str, room: Room, found: list[tuple[int, int, int]]) -> Iterator[Figure]:
    each = tuple(total / transitions for total, _, transitions in found)
    packed = tuple(payload / transitions for _, payload, transitions in found)
    if room.raw:
        yield Figure(part=name, name="store folder", unit="B a step", values=each)
        share = tuple(100 * value / room.raw for value in each)
        yield Figure(part=name, name="share of raw", unit="%", values=share, limit=room.limit, goal=room.goal)
    else:
        yield Figure(part=name, name="store folder", unit="B a step", values=each, limit=room.limit, goal=room.goal)
    yield Figure(part=name, name="of which payloads", unit="B a step", values=packed)


def _recorded(name: str, steps: int, seed: int, scratch: Path) -> tuple[int, int, int]:
    """Bytes of the store folder, bytes of its payloads, and stored transitions."""
    store = scratch / f"{name.replace('/', '-')}-{seed}"
    subprocess.run([sys.executable, "-m", "bench.disk", name, str(steps), str(seed), str(store)], check=True)
    checkpoint(store)
    with cornerman.open_store(store) as opened:
        transitions = opened.run("latest").summary().transition_count
    connection = connect(store)
    payload = connection.execute(
        "select (select coalesce(sum(bytes), 0) from chunk) + (select coalesce(sum(bytes), 0) from frame_chunk)"
    ).get
    connection.close()
    return size(store), int(str(payload)), transitions


def checkpoint(store: Path) -> None:
    """Move the write-ahead log into the database, and give its file back."""
    connection = connect(store, write=True)
    connection.execute("pragma wal_checkpoint(truncate)").fetchall()
    connection.close()


def size(folder: Path) -> int:
    """Bytes that the files of a folder take on disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())


def main(name: str, steps: str, seed: str, store: str) -> None:
    """Record, and leave."""
    one = case(name)
    env = one.make()
    actions = drawn(env, int(steps), int(seed))
    env = cornerman.record(env, store=store, frames=one.frames)
    env.reset(seed=int(seed))
    driver(one)(env, actions)
    env.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
