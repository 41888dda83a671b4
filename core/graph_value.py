"""A value of a Graph, where Gymnasium is not there to have a name for it."""

from __future__ import annotations

from typing import Any, NamedTuple, TypeGuard


class GraphInstance(NamedTuple):
    """Nodes, edges and which nodes each edge joins: as `gymnasium.spaces.GraphInstance`, and equal to it."""

    nodes: Any
    edges: Any = None
    edge_links: Any = None


def is_graph(value: Any) -> TypeGuard[GraphInstance]:
    """Whether a value is a graph, ours or Gymnasium's."""
    return isinstance(value, tuple) and getattr(value, "_fields", None) == GraphInstance._fields
