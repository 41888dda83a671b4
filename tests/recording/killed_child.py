"""A training loop that counts each step it got back in a mapped file, and is killed by its parent.

    python killed_child.py STORE COUNTER KIND PACE

KIND is single, frames, vector or vector-frames; PACE the steps a second, 0 for unpaced. The count is written after
`env.step` returned: whatever it says when the process dies was acknowledged to the loop.
"""

from __future__ import annotations

import mmap
import os
import struct
import sys
import time
from typing import Any

import gymnasium
import numpy as np

import cornerman


class Counting(gymnasium.Env):
    """An environment whose observation is the number of its step, so that a lost or doubled step shows."""

    observation_space = gymnasium.spaces.Box(-1, 2**62, (1,), np.int64)
    action_space = gymnasium.spaces.Discrete(1000)
    metadata = {"render_modes": ["rgb_array"], "render_fps": 30}

    def __init__(self, length: int = 37, picture: bool = False) -> None:
        self.number = self.at = 0
        self.length = length
        self.render_mode = "rgb_array" if picture else None

    def reset(self, *, seed: int | None = None, options: dict[str, object] | None = None):  # type: ignore[no-untyped-def]
        super().reset(seed=seed)
        self.at = 0
        return np.array([-1], np.int64), {}

    def step(self, action: int):  # type: ignore[no-untyped-def]
        number, self.number, self.at = self.number, self.number + 1, self.at + 1
        return np.array([number], np.int64), float(number % 7), self.at >= self.length, False, {}

    def render(self):  # type: ignore[no-untyped-def]
        picture = np.zeros((32, 48, 3), np.uint8)
        picture[:, self.number % 48] = self.number % 251
        return picture


def make(kind: str, store: str):  # type: ignore[no-untyped-def]
    picture = "frames" in kind
    frames = "auto" if picture else "none"
    env: Any
    if kind.startswith("vector"):
        env = gymnasium.vector.SyncVectorEnv([lambda: Counting(37, picture), lambda: Counting(5, picture)])
    else:
        env = Counting(37, picture)
    return cornerman.record(env, store=store, job="killed", frames=frames)


def main(store: str, counter: str, kind: str, pace: float) -> None:
    descriptor = os.open(counter, os.O_RDWR)
    count = mmap.mmap(descriptor, 8)
    env = make(kind, store)
    vector = kind.startswith("vector")
    env.reset(seed=1)
    action: Any = np.array([3, 4]) if vector else 3
    number = 0
    while True:
        _, _, terminated, truncated, _ = env.step(action)
        number += 1
        struct.pack_into("<Q", count, 0, number)
        if not vector and (terminated or truncated):
            env.reset()
        if pace:
            time.sleep(1 / pace)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
