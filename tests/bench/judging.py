"""What judging costs: compiling a plan, the plan over a chunk, and sealing with each mode."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from cornerman.adapters.spaces import describe
from cornerman.core.episodes import Open
from cornerman.core.layout import NO_INFO, Layout, Leaf, draw
from cornerman.core.schema import parse
from cornerman.core.schema.column_plan import Steps, compile_plan
from cornerman.core.schema.step_schema import derived_schema
from cornerman.core.schema.step_verdict import check_steps
from cornerman.store import pack
from cornerman.store.api import make_store
from cornerman.store.segments import Segment
from cornerman.store.step_judge import StepJudge

from .environments import case
from .figures import Figure, Skipped
from .loop import loops, turns_store

ROWS = 2048
ENVIRONMENTS = ("CartPole-v1", "HalfCheetah-v5 no info", "Pong raw", "CarRacing-v3")
BOUNDED: dict[str, Any] = {
    "id": "bounded", "version": "1.0.0", "type": "object",
    "properties": {
        "observation": {"type": "array", "items": {"type": "number", "minimum": -100, "maximum": 100}, "minItems": 4},
        "action": {"type": "integer", "enum": [0, 1]}, "reward": {"type": "number", "minimum": 0, "maximum": 1},
    },
}  # fmt: skip
LIMIT = 30.0
"""Nanoseconds a step that judging may cost for CartPole."""


def measure(quick: bool, scratch: Path, part: str) -> Iterator[Figure | Skipped]:
    repetitions = 20 if quick else 100
    for name in ENVIRONMENTS:
        if part in name:
            try:
                yield from _of(name, scratch, repetitions)
                if name == "CartPole-v1":
                    yield from _recorded(name, scratch, quick)
            except Exception as error:  # an environment that is not installed here
                yield Skipped(name, f"{type(error).__name__}: {error}")


def _of(name: str, scratch: Path, repetitions: int) -> Iterator[Figure]:
    env: Any = case(name).make()
    observation = env.reset(seed=1)[0]
    action = env.action_space.sample()
    spaces = describe(env.observation_space), describe(env.action_space)
    document = derived_schema(name, *spaces)
    segment = _segment(scratch, observation, action, 4 * ROWS if np.asarray(observation).nbytes < 512 else 64)
    rows = segment.layout.rows
    values = _values(segment)
    steps = Steps(values, np.full(rows, NO_INFO, np.uint8), np.ones((rows, 1), np.bool_), {})
    yield _figure(
        name, "compiling the plan", lambda: compile_plan(document.schema, segment.layout), repetitions, 1, "µs"
    )
    plan = compile_plan(document.schema, segment.layout)
    limit = LIMIT if name == "CartPole-v1" else None
    yield _figure(name, "judging", lambda: check_steps(plan, steps), repetitions, rows, "ns a step", limit)
    judges = {
        "off": None,
        "warn": StepJudge(document, "warn", spaces),
        "enforce": StepJudge(document, "enforce", spaces),
    }
    for mode, judge in judges.items():
        yield _figure(name, f"packing, {mode}", partial(_packed, segment, judge), repetitions, rows, "ns a step")
    segment.remove()


def _recorded(name: str, scratch: Path, quick: bool) -> Iterator[Figure]:
    """The loop of `loop`, on a store whose rules judge every step by a schema that has bounds for all of it."""
    one = case(name)
    for mode in ("off", "warn", "enforce"):
        rule: Any = mode
        with make_store(turns_store(scratch / mode, one)) as store:
            store.schemas.add(parse(BOUNDED))
            store.enforcement.set("bounded", rule, force=True)
        for figure in loops(one, one.steps // (4 if quick else 1), 5 if quick else 11, scratch / mode):
            if figure.name in ("loop", "loop, CPU", "until durable", "until durable, CPU"):
                yield msgspec.structs.replace(figure, name=f"{figure.name}, {mode}")


def _segment(scratch: Path, observation: Any, action: Any, rows: int) -> Segment:
    """A full segment of plausible steps."""
    node, leaves = draw("observation", observation)
    action_node, action_leaves = draw("action", action)
    layout = Layout(0, node, action_node, (Leaf("reward", "<f8", (), "float"), *leaves, *action_leaves), rows=rows)
    segment = Segment.create(scratch / f"1.{next(_NUMBERS)}.seg", layout)
    segment.begin(0, 0, 0, 0)
    heads = segment.heads()
    heads["sequence"] = heads["end"] = np.arange(rows)
    heads["flags"] = NO_INFO
    heads["time"] = time.time() + np.arange(rows) * 1e-6
    heads["reward"] = 1.0
    noise = np.random.default_rng(1)
    for leaf in leaves + action_leaves:
        target = segment.lane(leaf.column) if leaf.in_lane else heads[leaf.column]
        given = np.asarray(observation if leaf.column == "observation" else action)
        target[:] = given if given.dtype.kind != "f" else given + noise.normal(0, 0.01, (rows, *leaf.shape))
    return segment


_NUMBERS = itertools.count(1)


def _values(segment: Segment) -> dict[str, Any]:
    return {leaf.column: pack.column_of(segment, leaf.column, 0, segment.layout.rows) for leaf in segment.layout.leaves}


def _packed(segment: Segment, judge: StepJudge | None) -> Any:
    return pack.pack_segment(segment, 0, segment.layout.rows, "", Open.new(1), (), ROWS, judge)


def _figure(
    part: str, name: str, work: Callable[[], Any], repetitions: int, rows: int, unit: str, limit: float | None = None
) -> Figure:  # fmt: skip
    work()
    taken = []
    for _ in range(repetitions):
        began = time.thread_time_ns()
        work()
        taken.append((time.thread_time_ns() - began) / rows / (1000 if unit == "µs" else 1))
    return Figure(part=part, name=name, unit=unit, values=tuple(taken), limit=limit)
