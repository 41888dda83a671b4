"""What recording adds to a training's loop: bare and recorded loops take turns in one process, with the same actions.

Loop: from a running environment to the last of the turn's steps, resets and sealing included. Durable: until the stream
is closed and all of it is in the database. CPU: what the training thread itself spent; where the machine is busy it
says more than the wall clock. Steps one by one are timed in a pass of their own, since a clock a step costs too.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import cornerman
from cornerman.store.location import SEALER

from .environments import CASES, Case, drawn, driver
from .figures import Figure, Skipped
from .timing import RunQueue, Spent, collected, mean, spent

WARM = 64
"""Steps before the clock starts: the first one draws the layout and opens the store."""


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    for one in CASES:
        if part.lower() not in one.name.lower():
            continue
        if one.missing:
            yield Skipped(one.name, one.missing)
            continue
        steps = max(one.steps // 4, 40) if quick else one.steps
        repetitions = 5 if quick else 11
        yield from loops(one, steps, repetitions, scratch)
        timed = max(steps, one.one_by_one // 2 if quick else one.one_by_one)
        yield from _one_by_one(one, timed, 2 if quick else 5, scratch)


class Turn(NamedTuple):
    loop: Spent
    close: Spent
    sealer: int = 0
    """Nanoseconds of processor time of the process that seals."""


def turn(one: Case, steps: int, seed: int, store: Path | None) -> Turn:
    """One loop of a new environment, recorded where there is a store."""
    env = one.make()
    actions = drawn(env, steps + WARM, seed)
    if store is not None:
        env = cornerman.record(env, store=store, frames=one.frames, job="bench")
    drive = driver(one)
    env.reset(seed=seed)
    drive(env, actions[:WARM])
    rest = actions[WARM:]
    before = sealer_time(store)
    with collected():
        loop = spent(lambda: drive(env, rest))
        close = spent(env.close)
    return Turn(loop, close, max(sealer_time(store) - before, 0))


def sealer_time(store: Path | None) -> int:
    """What the store's sealer has spent so far, its start included; 0 where there is none."""
    if store is None:
        return 0
    try:
        pid = (store / SEALER).read_text().split()[0]
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
    except (OSError, IndexError):
        return 0


def turns_store(scratch: Path, one: Case) -> Path:
    """Where `loops` records."""
    return scratch / "loop" / one.name.replace("/", "-")


def loops(one: Case, steps: int, repetitions: int, scratch: Path) -> Iterator[Figure]:
    store = turns_store(scratch, one)
    turn(one, steps // 4, 99, None)
    turn(one, steps // 4, 99, store)
    bare, ours = [turn(one, steps, 0, None)], []
    for seed in range(repetitions):
        ours.append(turn(one, steps, seed, store))
        bare.append(turn(one, steps, seed + 1, None))
    base = [mean(bare[i].loop, bare[i + 1].loop) for i in range(repetitions)]
    based = [mean(bare[i].close, bare[i + 1].close) for i in range(repetitions)]
    pairs = list(zip(ours, base, based, strict=True))
    wall = tuple(o.loop.wall / b.wall for o, b, _ in pairs)
    durable = tuple((o.loop + o.close).wall / (b + c).wall for o, b, c in pairs)
    cpu = tuple(o.loop.cpu / b.cpu for o, b, _ in pairs)
    own = tuple((o.loop.cpu - b.cpu) / steps for o, b, _ in pairs)
    yield Figure(part=one.name, name="loop", unit="x bare", values=wall, limit=one.loop[0], goal=one.loop[1])
    yield Figure(part=one.name, name="loop, CPU", unit="x bare", values=cpu, limit=one.loop[0], goal=one.loop[1])
    yield Figure(
        part=one.name, name="until durable", unit="x bare", values=durable, limit=one.durable[0], goal=one.durable[1]
    )
    durable_cpu = tuple((o.loop + o.close).cpu / (b + c).cpu for o, b, c in pairs)
    yield Figure(
        part=one.name, name="until durable, CPU", unit="x bare", values=durable_cpu,
        limit=one.durable[0], goal=one.durable[1],
    )  # fmt: skip
    ends = tuple((o.close.wall - c.wall) / 1e6 for o, _, c in pairs)
    yield Figure(part=one.name, name="end of the stream", unit="ms", values=ends)
    yield Figure(part=one.name, name="thread CPU of a step", unit="ns", values=own, limit=one.cpu_ns)
    beside = tuple(o.sealer / steps for o in ours)
    yield Figure(part=one.name, name="sealer's CPU of a step", unit="ns", values=beside, note="another process")
    if one.vector:
        env = one.make()
        each = tuple(value / env.num_envs for value in own)
        env.close()
        limit = 100.0 if one.name.startswith("native") else None
        yield Figure(part=one.name, name="thread CPU of an environment step", unit="ns", values=each, limit=limit)
    yield Figure(
        part=one.name, name="bare step, CPU", unit="ns", values=tuple(b.cpu / steps for b in base), note="the baseline"
    )


# --- steps one by one -----------------------------------------------------------------------------------------------


class Steps(NamedTuple):
    """How long each call of `step` took, and the longest of them without the wait for a processor."""

    wall: np.ndarray
    stalls: list[int]
    """Calls of more than STALL, less what this thread waited for a processor meanwhile."""


STALL = 300_000


def _one_by_one(one: Case, steps: int, repetitions: int, scratch: Path) -> Iterator[Figure]:
    store = scratch / "steps" / one.name.replace("/", "-")
    bare, ours = [], []
    for seed in range(repetitions):
        bare.append(timed_steps(one, steps, seed, None))
        ours.append(timed_steps(one, steps, seed, store))
    yield from over_bare(one.name, bare, ours)


def over_bare(part: str, bare: list[Steps], ours: list[Steps]) -> Iterator[Figure]:
    """Quantiles of recorded steps less the same of bare ones, and the longest stall."""
    for name, quantile in (("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999)):
        values = tuple(
            float(np.quantile(o.wall, quantile) - np.quantile(b.wall, quantile)) / 1000
            for o, b in zip(ours, bare, strict=True)
        )
        yield Figure(
            part=part, name=f"step over bare, {name}", unit="µs", values=values, limit=50.0 if name == "p99" else None
        )
    for name, turns in (("recorded", ours), ("bare", bare)):
        yield Figure(
            part=part, name=f"longest {name} step", unit="ms", values=tuple(float(t.wall.max()) / 1e6 for t in turns)
        )
        yield Figure(
            part=part, name=f"longest {name} step, less waiting for a processor", unit="ms",
            values=tuple(max(t.stalls, default=0) / 1e6 for t in turns), limit=5.0 if name == "recorded" else None,
        )  # fmt: skip


def timed_steps(one: Case, steps: int, seed: int, store: Path | None) -> Steps:
    """Each call of `step` on its own; resets happen, untimed."""
    env = one.make()
    actions = drawn(env, steps + WARM, seed)
    if store is not None:
        env = cornerman.record(env, store=store, frames=one.frames, job="bench")
    env.reset(seed=seed)
    driver(one)(env, actions[:WARM])
    with collected():
        found = step_by_step(env, actions[WARM:], one.vector)
    env.close()
    return found


def step_by_step(env: Any, actions: list[Any], vector: bool) -> Steps:
    taken = np.zeros(len(actions), np.int64)
    stalls: list[int] = []
    queue = RunQueue()
    waited, now = queue.waited(), time.perf_counter_ns
    for number, action in enumerate(actions):
        if not number % 64:
            waited = queue.waited()
        began = now()
        _, _, terminated, truncated, _ = env.step(action)
        took = now() - began
        taken[number] = took
        if took > STALL:
            # what others did since the last look may be more than what they did to this very step: never below 0
            stalls.append(max(took - (queue.waited() - waited), 0))
            waited = queue.waited()
        if not vector and (terminated or truncated):
            env.reset()
    queue.close()
    return Steps(taken, stalls)
