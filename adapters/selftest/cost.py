"""What recording adds to a step of the user's environment, and where it goes.

The same loop runs bare and recorded in turns, in one thread, with the same actions; each recorded turn is held against
the bare ones before and after it, so what else the machine does falls on both. What counts is the training thread's own
processor time: on a busy machine the wall clock says more about others.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from cornerman.core import values
from cornerman.store.location import SEALER

from .constant import Constant, drive
from .result import Bench, Result, Spread, nanoseconds

PROMISE = "training never pays"
MOST_NS, MOST_NS_A_BYTE, MOST_RATIO = 2000.0, 0.5, 1.25
"""Recording may add two microseconds to a step and half a nanosecond for each byte of its observation, or a quarter of
the step: whichever is more. It takes about a third of that; the rest is for hosts that are slow or busy."""
QUICK, THOROUGH = (5, 0.12), (15, 0.5)
"""How many recorded turns, and how long each about is in seconds."""
WARM = 64
REMEDY = (
    "Try once more while the machine does less. If it stays so, `cornerman doctor` looks at the store's disk, and"
    " `storage.sealing_process` should be true. If that does not help, send in the output of `cornerman selftest"
    " --json`."
)


class Turn(NamedTuple):
    """Nanoseconds a step: by the wall clock, and of the thread's own processor time; and the end of the stream."""

    wall: float
    cpu: float
    close: float


def check(bench: Bench) -> Result:
    turns, seconds = QUICK if bench.quick else THOROUGH
    steps = _steps_for(bench, seconds)
    _turn(bench, steps // 4 + 1, 99, None)
    _turn(bench, steps // 4 + 1, 99, "cost")
    sealed = sealer_ns(bench.scratch / "cost")
    bare, ours = [_turn(bench, steps, 0, None)], list[Turn]()
    deadline = time.monotonic() + turns * seconds * 5
    for number in range(turns):
        ours.append(_turn(bench, steps, number, "cost"))
        bare.append(_turn(bench, steps, number + 1, None))
        if time.monotonic() > deadline and number >= 2:
            break
    sealed = (sealer_ns(bench.scratch / "cost") - sealed) / (steps * len(ours))
    written, size = _written_down(bench)
    return judged(bench, steps, bare, ours, (written, sealed), MOST_NS + MOST_NS_A_BYTE * size)


def judged(
    bench: Bench, steps: int, bare: list[Turn], ours: list[Turn], parts: tuple[float, float], limit: float
) -> Result:
    """The verdict on bare and recorded turns. `parts`: what writing down and sealing take; `limit`: the most added."""
    written, sealed = parts
    base = [((a.wall + b.wall) / 2, (a.cpu + b.cpu) / 2) for a, b in pairwise(bare)]
    pairs = list(zip(ours, base, strict=True))
    added = Spread(tuple(o.cpu - cpu for o, (_, cpu) in pairs))
    ratio = Spread(tuple(o.cpu / cpu for o, (_, cpu) in pairs))
    wall = Spread(tuple(o.wall / w for o, (w, _) in pairs))
    bare_ns = Spread(tuple(cpu for _, cpu in base))
    ends = Spread(tuple(o.close for o in ours))
    clock = _clock_ns()
    holds = added.median <= limit or ratio.median <= MOST_RATIO
    said = (
        f"Recording adds {nanoseconds(added.median)} to a step of {bench.env_id}, which takes"
        f" {nanoseconds(bare_ns.median)} bare: {ratio.median:.2f} times (the training thread's processor time; median"
        f" of {len(ours)} turns of {steps:,} steps, {nanoseconds(min(added.values))} to"
        f" {nanoseconds(max(added.values))}).",
        f"By the clock on the wall the loop takes {wall.median:.2f} times as long"
        f" ({min(wall.values):.2f} to {max(wall.values):.2f}).",
        f"In a tight loop writing a step down takes {nanoseconds(written)}, of which {nanoseconds(clock)} read the"
        " clock; the rest of what is added goes to resets and to colder caches.",
        f"Sealing takes {nanoseconds(sealed)} a step of another process's time, and ending the stream"
        f" {nanoseconds(ends.median)}, once.",
    )
    figures = {
        "steps_a_turn": steps,
        "bare_ns": bare_ns.as_json(),
        "added_ns": added.as_json(),
        "ratio": ratio.as_json(),
        "wall_ratio": wall.as_json(),
        "written_down_ns": written,
        "clock_ns": clock,
        "sealing_process_ns": sealed,
        "end_of_stream_ns": ends.as_json(),
        "limits": {"added_ns": limit, "ratio": MOST_RATIO},
    }
    return Result("cost", PROMISE, holds, said, figures, "" if holds else REMEDY)


def _steps_for(bench: Bench, seconds: float) -> int:
    """How many steps take about so long."""
    env = bench.make()
    env.action_space.seed(0)
    actions = [env.action_space.sample() for _ in range(200)]
    env.reset(seed=0)
    began, done = time.perf_counter(), 0
    while done < 200 and time.perf_counter() - began < seconds:
        _loop(env, actions[done : done + 10])
        done += 10
    each = (time.perf_counter() - began) / done
    env.close()
    return max(20, min(int(seconds / each), 50_000))


def _turn(bench: Bench, steps: int, seed: int, store: str | None) -> Turn:
    env = bench.make()
    env.action_space.seed(seed)
    actions = [env.action_space.sample() for _ in range(steps + WARM)]
    if store is not None:
        env = bench.record(env, store)
    env.reset(seed=seed)
    _loop(env, actions[:WARM])
    rest = actions[WARM:]
    gc.collect()
    wall, cpu = _spent(lambda: _loop(env, rest))
    closing, _ = _spent(env.close)
    return Turn(wall / steps, cpu / steps, closing)


def _loop(env: Any, actions: list[Any]) -> None:
    step, reset = env.step, env.reset
    for action in actions:
        _, _, terminated, truncated, _ = step(action)
        if terminated or truncated:
            reset()


def _spent(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
    work()
    return float(time.perf_counter_ns() - wall), float(time.thread_time_ns() - cpu)


def _written_down(bench: Bench) -> tuple[float, int]:
    """What recording adds to a step that costs nothing, and the bytes of its observation."""
    original = bench.make()
    bare = Constant(original)
    env = bench.record(Constant(original), "tight")
    env.reset(seed=0)
    steps = 2000
    drive(env, bare.action, WARM)
    found = []
    for _ in range(11 if bench.quick else 41):
        ours = _spent(lambda: drive(env, bare.action, steps))[1]
        found.append((ours - _spent(lambda: drive(bare, bare.action, steps))[1]) / steps)
    env.close()
    original.close()
    return Spread(tuple(found)).median, len(values.encode(bare.step(bare.action)[0]))


def _clock_ns() -> float:
    now, calls = time.time, range(20_000)
    with_clock = _spent(lambda: [now() for _ in calls])[1]
    return max(with_clock - _spent(lambda: [None for _ in calls])[1], 0.0) / len(calls)


def sealer_ns(store: Path) -> float:
    """Processor time that the store's sealer has used; 0 where there is none or the system does not say."""
    try:
        pid = int((store / SEALER).read_text().split()[0])
        return float(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0.0
