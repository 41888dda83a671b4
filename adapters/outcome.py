"""What a step came to, as columns: reward and ends, and the last observations of episodes that ended within a step."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornerman.core.layout import NO_REWARD, TERMINATED, TRUNCATED, Layout, Leaf

from .fitting import part, stack


def outcome_leaves(num_envs: int, reward: Any) -> list[Leaf]:
    """Their columns, as the first step has them."""
    if not num_envs:
        return [Leaf("reward", "<f8", (), "float")]
    shape = (num_envs,)
    array = np.asarray(reward)
    dtype = array.dtype.str if array.dtype.kind in "fiu" else "<f8"
    return [Leaf("reward", dtype, shape), Leaf("terminated", "|b1", shape), Leaf("truncated", "|b1", shape)]


def put_outcome(
    layout: Layout, reward: Any, terminated: Any, truncated: Any, row: dict[str, Any], extras: dict[str, Any]
) -> int:
    """Reward and ends into their columns; the flags that say so."""
    if not layout.num_envs:
        try:
            row["reward"] = float(reward)
        except (TypeError, ValueError, OverflowError):
            row["reward"], extras["reward"] = float("nan"), reward
        flags = TERMINATED * bool(terminated) | TRUNCATED * bool(truncated)
        return flags | NO_REWARD if "reward" in extras else flags
    flags = 0
    for name, value in (("reward", reward), ("terminated", terminated), ("truncated", truncated)):
        leaf = next(leaf for leaf in layout.leaves if leaf.column == name)
        array = np.asarray(value)
        if array.dtype != leaf.type and name == "reward":
            extras["reward"], flags = value, NO_REWARD
        row[name] = np.broadcast_to(array, leaf.shape).astype(leaf.type)
    return flags


def final_observations(info: Any) -> tuple[dict[str, Any], Any] | None:
    """SAME_STEP: the last observations of the episodes that ended, out of `info`; and the rest of `info`."""
    if not info or "final_obs" not in info:
        return None
    ended = np.flatnonzero(np.asarray(info.get("_final_obs", [item is not None for item in info["final_obs"]])))
    rest = {key: item for key, item in info.items() if key not in ("final_obs", "_final_obs")}
    final = info["final_obs"]
    stacked = stack([part(final, int(env)) for env in ended])
    return {"index": ended.astype(np.int32), "observation": stacked}, rest
