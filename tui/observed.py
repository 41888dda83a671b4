"""Observations as frames, where a stream has none: numbers as bars, graphs as graphs, sequences item by item.

Nothing is stored twice for this: what is drawn is the observation in the record, and the screen says so.
"""

from __future__ import annotations

from typing import Any

_MOST_BARS = 64
_MOST_ITEMS = 10_000


def observed_frame(observation: Any) -> Any:
    """The frame that shows an observation; None for one that only words describe."""
    if hasattr(observation, "ndim"):
        return _bars(observation)
    if isinstance(observation, tuple) and getattr(observation, "_fields", ())[:3] == ("nodes", "edges", "edge_links"):
        return _graph(observation)
    if isinstance(observation, (tuple, list)) and 0 < len(observation) <= _MOST_ITEMS:
        from cornerman.core.payloads.frame_v1 import from_sequence

        return None if any(isinstance(item, dict) for item in observation) else from_sequence(observation)
    return None


def _bars(observation: Any) -> Any:
    """A flat array of a few numbers as a vector frame."""
    if observation.ndim != 1 or not 0 < observation.size <= _MOST_BARS or observation.dtype.kind not in "biuf":
        return None
    from cornerman.core.payloads.frame_v1 import Vector

    names = tuple(f"observation[{at}]" for at in range(observation.size))
    return Vector(names, tuple(float(value) for value in observation))


def _graph(observation: Any) -> Any:
    from cornerman.core.payloads.frame_v1 import from_graph

    try:
        return from_graph(observation.nodes, observation.edges, observation.edge_links)
    except (TypeError, ValueError):  # a graph whose parts are none: the words beside it show it
        return None
