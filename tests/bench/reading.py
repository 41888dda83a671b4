"""Reading a long recording: sums, episodes, random steps, lists. Everything with the files in the page cache.

The recording is made once by the real recorder, from an environment that costs next to nothing, and kept in the scratch
folder's parent; a new format of the store or another length makes a new one.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

import cornerman
from cornerman import store as store_package

from .disk import checkpoint, size
from .figures import Figure, Skipped

STEPS, QUICK_STEPS = 10_000_000, 1_000_000
EPISODE = 200


class Walk(gym.Env[Any, Any]):
    """A random walk drawn beforehand, in episodes of EPISODE steps; as fast as an environment can be."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (4,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self) -> None:
        walk = np.cumsum(np.random.default_rng(0).normal(0, 0.02, (4096, 4)), axis=0)
        self._rows = list(walk.astype(np.float32))
        self._at = self._in_episode = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self._in_episode = 0
        return self._rows[self._at & 4095], {}

    def step(self, action: Any) -> Any:
        self._at = at = self._at + 1
        self._in_episode = within = self._in_episode + 1
        return self._rows[at & 4095], 1.0, within == EPISODE, False, {}


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    steps = QUICK_STEPS if quick else STEPS
    path, seconds = recording(steps)
    name = f"{steps // 1_000_000}M steps"
    if seconds:
        yield Figure(part=name, name="recording it", unit="µs a step", values=(seconds / steps * 1e6,))
    yield Figure(part=name, name="store folder", unit="B a step", values=(size(path) / steps,))
    times = 15 if quick else 51
    yield Figure(part=name, name="opening the store", unit="ms", values=_opening(path, 9))
    with cornerman.open_store(path) as store:
        yield from _lists(name, store, times)
        yield from _points(name, store, times * 10)
        yield from _sql(name, store, quick, times)


def recording(steps: int) -> tuple[Path, float]:
    """A store with one stream of so many steps, and the seconds it took to make; 0.0 where it was there."""
    source = b"".join(path.read_bytes() for path in sorted(Path(store_package.__file__ or "").parent.glob("seal.py")))
    key = hashlib.sha256(source + str(steps).encode()).hexdigest()[:12]
    path = Path(tempfile.gettempdir()) / f"cornerman-bench-recording-{key}"
    if (path / "complete").exists():
        return path, 0.0
    shutil.rmtree(path, ignore_errors=True)
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "bench.reading", str(steps), str(path)], check=True)
    checkpoint(path)
    (path / "complete").touch()
    return path, time.monotonic() - began


def main(steps: str, path: str) -> None:
    """Record the walk."""
    env = cornerman.record(Walk(), store=path, frames="none", job="walk")
    env.reset(seed=0)
    env.step(0)
    step, reset = env.step, env.reset
    for taken in range(2, int(steps) + 1):
        if step(taken & 1)[2]:
            reset()
    env.close()


# --- what is timed ----------------------------------------------------------------------------------------------------


def _times(work: Callable[[], object], times: int, scale: float) -> tuple[float, ...]:
    """Processor time of each call, after one that does not count; `scale` nanoseconds are one unit.

    Processor time because reading warm files waits for nothing but the processor, which others may have.
    """
    work()
    found = []
    for _ in range(times):
        began = time.thread_time_ns()
        work()
        found.append((time.thread_time_ns() - began) / scale)
    return tuple(found)


def _opening(path: Path, times: int) -> tuple[float, ...]:
    def work() -> None:
        cornerman.open_store(path).close()

    return _times(work, times, 1e6)


def _lists(name: str, store: Any, times: int) -> Iterator[Figure]:
    stream = store.run("latest").streams()[0]
    works: dict[str, Callable[[], object]] = {
        "list of runs, with summaries": lambda: [run.summary() for run in store.runs()],
        "step_count": lambda: store.run("latest").step_count,
        "first page of episodes": lambda: stream.episodes(limit=50),
        "newest page of episodes": lambda: stream.episodes(order="newest", limit=50),
        "the best fifty of all episodes": lambda: stream.episodes(order="best", limit=50),
        "the best fifty, SQL": lambda: store.sql(BEST).fetchall(),
        "a page in the middle": lambda: stream.episodes(limit=50, offset=stream.row_count() // EPISODE // 2),
    }
    for what, work in works.items():
        goal = 1.0 if what == "first page of episodes" else None
        yield Figure(
            part=name, name=what, unit="ms", values=_times(work, 5 if "middle" in what else times, 1e6), goal=goal
        )


def _points(name: str, store: Any, times: int) -> Iterator[Figure]:
    stream = store.run("latest").streams()[0]
    rows = stream.row_count()
    draw = random.Random(0)
    steps = _times(lambda: stream.step(draw.randrange(rows), frame=False), times, 1e6)
    yield Figure(part=name, name="a random step", unit="ms", values=steps, limit=0.2)
    last = rows // (EPISODE + 1) - 1
    rollups = [stream.episode(0, draw.randrange(last)) for _ in range(times + 1)]
    at = iter(rollups)
    found = _times(lambda: stream.data(next(at)).observations, times, 1e3)
    yield Figure(part=name, name="observations of a random episode", unit="µs", values=found, limit=100.0, goal=50.0)
    episode = stream.data(rollups[0])
    yield Figure(
        part=name, name="observations of the same episode again", unit="µs",
        values=_times(lambda: episode.observations, times, 1e3),
    )  # fmt: skip
    values = _times(lambda: stream.episode(0, draw.randrange(last)), times, 1e3)
    yield Figure(part=name, name="finding a random episode", unit="µs", values=values)
    yield Figure(
        part=name, name="rewards of 1,000 random rows in one piece", unit="µs",
        values=_times(lambda: _rewards(stream, draw.randrange(rows - 1000)), times // 5, 1e3),
    )  # fmt: skip


def _rewards(stream: Any, first: int) -> object:
    return stream.rewards(first, first + 1000)


BEST = "select episode, total_reward from episode order by total_reward desc limit 50"
BARE = "select sum(reward), count(*) from step"
DECODING = "select sum(reward), count(*) from step where reward > 0.5"


def _sql(name: str, store: Any, quick: bool, times: int) -> Iterator[Figure | Skipped]:
    try:
        store.sql(BARE).fetchall()
    except (ImportError, NotImplementedError) as error:
        yield Skipped(name, f"no SQL yet: {error}")
        return
    bare = _times(lambda: store.sql(BARE).fetchall(), times, 1e6)
    yield Figure(part=name, name="sum of rewards and count, SQL", unit="ms", values=bare, limit=1.0)
    yield Figure(
        part=name, name="interrupted after 100 ms: late by", unit="ms", values=_interrupted(store), limit=100.0
    )
    decoding = _times(lambda: store.sql(DECODING).fetchall(), 1 if quick else 3, 1e9)
    limit = 10.0 if name.startswith("10M") else 1.0
    yield Figure(part=name, name="the same, decoding every step", unit="s", values=decoding, limit=limit)


def _interrupted(store: Any) -> tuple[float, ...]:
    """How much longer than its timeout a long query took to end, by the wall clock."""
    late = []
    for _ in range(5):
        began = time.perf_counter()
        try:
            store.sql(DECODING, timeout=0.1).fetchall()
        except cornerman.CornermanError:
            pass
        late.append((time.perf_counter() - began - 0.1) * 1000)
    return tuple(late)


if __name__ == "__main__":
    main(*sys.argv[1:])
