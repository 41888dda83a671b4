"""Judging one recorded step by itself, exactly as it would have been among others: for what waits in quarantine."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import values
from ..layout import (  # fmt: skip
    EXTRAS,
    NO_ACTION,
    NO_INFO,
    NO_OBSERVATION,
    NO_REWARD,
    TERMINATED,
    TRUNCATED,
    Layout,
    Leaf,
    as_leaf,
    draw,
    has_objects,
    walk,
)
from .column_plan import Steps, compile_plan
from .step_verdict import check_steps
from .validate import Problem


def step_problems(schema: dict[str, Any], step: dict[str, Any]) -> list[Problem]:
    """What a schema has against a step with its recorded values; nothing where it is allowed."""
    layout, columns, flags, extras = _as_row(step)
    rows = Steps(
        columns, np.array([flags], np.uint8), np.ones((1, 1), np.bool_), {0: values.encode(extras)} if extras else {}
    )
    verdict = check_steps(compile_plan(schema, layout), rows)
    return verdict.errors(0, 0) if verdict.bad is not None else []


def _as_row(step: dict[str, Any]) -> tuple[Layout, dict[str, Any], int, dict[str, Any]]:
    """The step as the only row of a layout of its own; what has no column is among the extras."""
    leaves: list[Leaf] = [Leaf("reward", "<f8", (), "float")]
    columns: dict[str, Any] = {"reward": np.full(1, np.nan)}
    extras: dict[str, Any] = {}
    flags = TERMINATED * bool(step.get("terminated")) | TRUNCATED * bool(step.get("truncated"))
    nodes = {}
    for name, away in (("observation", NO_OBSERVATION), ("action", NO_ACTION)):
        value = step.get(name)
        nodes[name], found = draw(name, value)
        if has_objects(nodes[name]):
            extras[name], flags = value, flags | away
        else:
            leaves += found
            columns.update((column, np.asarray(part)[None]) for column, part in walk(nodes[name], value))
    reward = as_leaf("reward", step.get("reward"))
    if reward is not None and not reward.shape:
        columns["reward"][0] = step["reward"]
    else:
        extras["reward"], flags = step.get("reward"), flags | NO_REWARD
    if info := step.get("info"):
        extras["info"] = info
    layout = Layout(0, nodes["observation"], nodes["action"], tuple(leaves))
    return layout, columns, flags | NO_INFO | (EXTRAS if extras else 0), extras
