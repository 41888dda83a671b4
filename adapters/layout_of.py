"""The layout of a stream's records, drawn from a step: which columns it has, and how many records a segment takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornerman.core.layout import Layout, Leaf, draw

from .fitting import info_leaves
from .outcome import outcome_leaves

CHUNKS_A_SEGMENT = 4
"""Narrow records: several chunks are sealed at once, so that the fixed costs are shared."""
SEGMENT_BYTES = 6 << 20
FEWEST_ROWS, FEWEST_ROWS_BYTES = 128, 24 << 20
"""Going on in another segment takes a twentieth of a millisecond: fewer than one step in a hundred should meet it."""
INLINE_BYTES = 640 << 10
"""Where the training thread seals: about six nanoseconds a byte, so a stall stays under five milliseconds."""


def layout_of(env: Any, num_envs: int, step: tuple[Any, ...], sampled: list[Leaf], frames: int, keys: bool) -> Layout:
    """The layout in which this step (observation, action, reward, info) is regular. `keys`: those of `info` too."""
    observation, action, reward, info = step
    node, leaves = draw("observation", observation)
    action_node, action_leaves = draw("action", _as_array(env, action))
    names, of_info = info_leaves(info) if keys else ((), [])
    columns = (*outcome_leaves(num_envs, reward), *leaves, *action_leaves, *of_info, *sampled)
    return Layout(num_envs, node, action_node, columns, names, frames)


def segment_rows(row_bytes: int, height: int, room: int) -> int:
    """Rows of a segment: whole chunks where they fit into `room` bytes."""
    fewest = max(16, min(FEWEST_ROWS, FEWEST_ROWS_BYTES // row_bytes))
    rows = min(CHUNKS_A_SEGMENT * height, max(fewest, room // row_bytes))
    return rows - rows % height if rows > height else rows


def difference(env: Any, layout: Layout) -> tuple[str, str] | None:
    """What observations are and what their space says, where these differ; they are recorded as they come."""
    space = getattr(env, "observation_space", None)
    if "leaf" not in layout.observation or space is None or not space.shape:
        return None
    leaf = next((leaf for leaf in layout.leaves if leaf.column == layout.observation["leaf"]), None)
    declared = np.dtype(space.dtype)
    if leaf is None or (leaf.type == declared and tuple(leaf.shape) == tuple(space.shape)):
        return None
    return f"{leaf.type} {tuple(leaf.shape)}", f"{declared} {tuple(space.shape)}"


def _as_array(env: Any, action: Any) -> Any:
    """An action given as a list, a tuple or a tensor, as the array it stands for."""
    space = getattr(env, "action_space", None)
    if space is not None and space.shape and not isinstance(action, (np.ndarray, dict)):
        try:
            return np.asarray(action, space.dtype)
        except (TypeError, ValueError):
            return action
    return action
