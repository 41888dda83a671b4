"""How much one host takes in: rows that come as fast as they can be made, until all of them are sealed.

The environment does nothing, so what is measured is recording and sealing alone, by the number of rows in a chunk: the
setting to turn (`storage.rows_per_chunk`) where a store does not keep up.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import cornerman

from .figures import Figure, Skipped

WIDTHS = {"narrow": 4, "wide": 376}
ROWS_PER_CHUNK = (256, 2_048, 8_192)
VARIABLE = "CORNERMAN_STORAGE_ROWS_PER_CHUNK"


class Idle(gym.Env[Any, Any]):
    """Gives back random numbers that were drawn before, and takes no time for it."""

    def __init__(self, width: int) -> None:
        self.observation_space = gym.spaces.Box(-10, 10, (width,), np.float32)
        self.action_space = gym.spaces.Discrete(2)
        drawn = np.random.default_rng(0).normal(size=(512, width)).astype(np.float32)
        self._next = cycle(list(drawn)).__next__

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        return self._next(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return self._next(), 1.0, False, False, {}


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    turns, seconds = (2, 1.0) if quick else (5, 4.0)
    for name, width in WIDTHS.items():
        for rows in ROWS_PER_CHUNK:
            if part not in f"{name} {rows}":
                continue
            os.environ[VARIABLE] = str(rows)
            found = [_turn(scratch / f"{name}{rows}-{turn}", width, seconds) for turn in range(turns)]
            what = f"{name}, {rows:,} rows a chunk"
            yield Figure(part=what, name="rows", unit="/s", values=tuple(found), at_least=True)
            megabytes = tuple(one * width * 4 / 1e6 for one in found)
            yield Figure(part=what, name="observations", unit="MB/s", values=megabytes, at_least=True)
    os.environ.pop(VARIABLE, None)


def _turn(store: Path, width: int, seconds: float) -> float:
    """Rows a second, from the first step until nothing waits any more."""
    env = cornerman.record(Idle(width), job="ingest", store=store)
    began, steps = time.perf_counter(), 0
    env.reset(seed=0)
    while time.perf_counter() - began < seconds:
        for _ in range(1_000):
            env.step(0)
        steps += 1_000
    env.close()
    took = time.perf_counter() - began
    with cornerman.open_store(store) as opened:
        assert opened.run("latest").summary().ledger.stored == steps
    return steps / took
